from __future__ import annotations

from tulle.dialects.traefik.certificate_resolver_specs import AcmeSpec, CertificateResolverSpec


def test_what_is_usual_is_what_traefik_has() -> None:
    spec = AcmeSpec.model_validate({})
    assert (spec.key_type, spec.storage, spec.certificates_duration) == ("RSA4096", "acme.json", 2160)
    assert (spec.client_timeout, spec.client_response_header_timeout, spec.certificate_timeout) == (120.0, 30.0, 30.0)


def test_an_empty_challenge_is_one() -> None:
    spec = CertificateResolverSpec.model_validate({"acme": {"tlsChallenge": {}, "httpChallenge": True}})
    assert spec.acme is not None
    assert spec.acme.tls_challenge is not None
    assert spec.acme.http_challenge is not None
    assert spec.acme.dns_challenge is None

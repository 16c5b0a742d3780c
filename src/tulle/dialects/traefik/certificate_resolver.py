"""Certificate resolvers: who gets certificates for the hosts of routers that name them."""

from __future__ import annotations

import os

from tulle.dialects.fields import shown
from tulle.dialects.objects import validated
from tulle.dialects.sections import Kind, Shape
from tulle.dialects.traefik.certificate_resolver_specs import (
    AcmeSpec,
    CertificateResolverSpec,
    DnsChallengeSpec,
    PropagationSpec,
)
from tulle.dialects.traefik.files import file_or_text
from tulle.dialects.written import Written
from tulle.model.findings import did_you_mean
from tulle.model.mesh import Fragment
from tulle.model.names import Name
from tulle.model.resolvers import (
    LETS_ENCRYPT,
    CertificateResolver,
    DnsChallenge,
    ExternalAccount,
    HttpChallenge,
    KeyType,
    Resolver,
    Server,
    TlsChallenge,
)
from tulle.model.routers import STATIC

HOUR = 3600.0


def read(part: Written) -> Fragment:
    """One resolver."""
    spec = validated(part, CertificateResolverSpec)
    if spec is None:
        return Fragment(findings=tuple(part.findings))
    if spec.acme is None:
        if spec.tailscale is None:
            part.error((), "says nothing; write acme")
        return Fragment(findings=tuple(part.findings))
    settings = _settings(part, spec.acme)
    if part.has_errors:
        return Fragment(findings=tuple(part.findings))
    name = Name(STATIC, settings.name)
    found = CertificateResolver(name=name, origin=part.origin, settings=settings)
    return Fragment(objects=(found,), findings=tuple(part.findings))


def _settings(part: Written, spec: AcmeSpec) -> Resolver:
    return Resolver(
        name=part.document.key.name.name,
        origin=part.origin,
        server=Server(
            directory=spec.ca_server or LETS_ENCRYPT,
            authorities=tuple(file_or_text(part, each) for each in spec.ca_certificates),
            trusts_system=spec.ca_system_cert_pool or not spec.ca_certificates,
            server_name=spec.ca_server_name,
            timeout=spec.client_timeout,
            header_timeout=spec.client_response_header_timeout,
        ),
        email=spec.email,
        external_account=_external(part, spec),
        key_type=_key_type(part, spec.key_type),
        preferred_chain=spec.preferred_chain,
        profile=spec.profile,
        lifetime=spec.certificates_duration * HOUR,
        issue_timeout=spec.certificate_timeout,
        email_addresses=spec.email_addresses,
        has_common_name=not spec.disable_common_name,
        storage=os.path.normpath(os.path.join(part.document.folder, spec.storage)) if spec.storage else "",
        http=HttpChallenge(entry_point=spec.http_challenge.entry_point, delay=spec.http_challenge.delay)
        if spec.http_challenge
        else None,
        tls=TlsChallenge(delay=spec.tls_challenge.delay) if spec.tls_challenge else None,
        dns=_dns(part, spec.dns_challenge) if spec.dns_challenge else None,
    )


def _external(part: Written, spec: AcmeSpec) -> ExternalAccount | None:
    if spec.eab is None or not (spec.eab.kid or spec.eab.hmac_encoded):
        return None
    for field, value in (("kid", spec.eab.kid), ("hmacEncoded", spec.eab.hmac_encoded)):
        if not value:
            part.error(("acme", "eab", field), "is missing; an external account has both")
    return ExternalAccount(kid=spec.eab.kid, hmac=spec.eab.hmac_encoded)


def _key_type(part: Written, text: str) -> KeyType:
    """Case makes no difference; what Traefik does not know it takes for RSA4096."""
    try:
        return KeyType(text.upper() or KeyType.RSA4096)
    except ValueError:
        hint = did_you_mean(text, KeyType)
        part.warning(
            ("acme", "keyType"), f"must be one of {', '.join(KeyType)}, not {shown(text)}{hint}; RSA4096 is taken"
        )
        return KeyType.RSA4096


def _dns(part: Written, spec: DnsChallengeSpec) -> DnsChallenge | None:
    if not spec.provider:
        part.error(("acme", "dnsChallenge", "provider"), "is missing; it says who changes records")
        return None
    propagation = spec.propagation or PropagationSpec.model_validate({})
    return DnsChallenge(
        provider=spec.provider,
        resolvers=spec.resolvers,
        delay=propagation.delay_before_checks or spec.delay_before_check,
        is_unchecked=propagation.disable_checks or spec.disable_propagation_check,
        is_authority_unchecked=propagation.disable_ans_checks,
        is_resolver_checked=propagation.require_all_rns,
    )


KIND = Kind(
    name="traefik/certificate-resolver",
    noun="certificate resolver",
    section=("certificatesResolvers",),
    shape=Shape.NAMED,
    schema=CertificateResolverSpec,
    read=read,
    is_global=True,
)

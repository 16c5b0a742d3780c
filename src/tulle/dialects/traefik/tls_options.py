"""How TLS is ended, for the hosts of routers that name it."""

from __future__ import annotations

from tulle.dialects.fields import shown
from tulle.dialects.objects import validated
from tulle.dialects.sections import Kind, Shape
from tulle.dialects.traefik.ciphers import CIPHERS
from tulle.dialects.traefik.files import files, texts
from tulle.dialects.traefik.tls_specs import ClientAuthSpec, OptionsSpec
from tulle.dialects.written import Written
from tulle.model.listeners import ClientCertificates, ClientTrust, TlsVersions
from tulle.model.mesh import Fragment
from tulle.model.routers import USUAL_CIPHERS, TlsOptions

VERSIONS = {
    "": "",
    "VersionTLS10": "1.0",
    "VersionTLS11": "1.1",
    "VersionTLS12": "1.2",
    "VersionTLS13": "1.3",
}
CURVES = {
    "CurveP256": "P-256",
    "CurveP384": "P-384",
    "CurveP521": "P-521",
    "X25519": "X25519",
    "X25519MLKEM768": "X25519MLKEM768",
    "secp256r1": "P-256",
    "secp384r1": "P-384",
    "secp521r1": "P-521",
    "x25519": "X25519",
}
"""As Envoy calls them."""
HANDLING = {
    "RequestClientCert": ClientCertificates.UNVERIFIED,
    "RequireAnyClientCert": ClientCertificates.UNVERIFIED_REQUIRED,
    "VerifyClientCertIfGiven": ClientCertificates.OPTIONAL,
    "RequireAndVerifyClientCert": ClientCertificates.REQUIRED,
}


def read(part: Written) -> Fragment:
    """The options."""
    spec = validated(part, OptionsSpec)
    if spec is None:
        return Fragment(findings=tuple(part.findings))
    unknown = [each for each in spec.cipher_suites if each not in CIPHERS]
    for each in unknown:
        part.warning(("cipherSuites", spec.cipher_suites.index(each)), "is none that Envoy knows; it is left out")
    for index, each in enumerate(spec.curve_preferences):
        if each not in CURVES:
            part.error(("curvePreferences", index), f"must be one of {', '.join(sorted(CURVES))}, not {shown(each)}")
    options = TlsOptions(
        name=part.document.key.name,
        origin=part.origin,
        versions=TlsVersions(
            minimum=VERSIONS[spec.min_version],
            maximum=VERSIONS[spec.max_version],
            ciphers=tuple(CIPHERS[each] for each in spec.cipher_suites if each in CIPHERS) or USUAL_CIPHERS,
            curves=tuple(CURVES[each] for each in spec.curve_preferences if each in CURVES),
            resumes=not spec.disable_session_tickets,
        ),
        trust=_trust(part, spec.client_auth),
        authorities="\n".join(texts(spec.client_auth.ca_files)) if spec.client_auth is not None else "",
        is_strict=spec.sni_strict,
        protocols=tuple(each for each in spec.alpn_protocols if each != "acme-tls/1"),
    )
    is_good = not any(each.is_error for each in part.findings)
    return Fragment(objects=(options,) if is_good else (), findings=tuple(part.findings))


def _trust(part: Written, spec: ClientAuthSpec | None) -> ClientTrust | None:
    if spec is None or spec.client_auth_type in {"", "NoClientCert"}:
        return None
    first, *more = files(part, spec.ca_files, "clientAuth", "caFiles") or ("",)
    return ClientTrust(
        handling=HANDLING[spec.client_auth_type],
        ca_file=first,
        more_ca_files=tuple(more),
        origin=part.at("clientAuth"),
    )


KIND = Kind(
    name="traefik/tls-options",
    noun="TLS options",
    section=("tls", "options"),
    shape=Shape.NAMED,
    schema=OptionsSpec,
    read=read,
)

"""How TLS is ended, for the hosts of routers that name it."""

from __future__ import annotations

from tulle.dialects.objects import validated
from tulle.dialects.sections import Kind, Shape
from tulle.dialects.traefik.ciphers import CIPHERS
from tulle.dialects.traefik.files import file_or_text
from tulle.dialects.traefik.tls_specs import ClientAuthSpec, OptionsSpec
from tulle.dialects.written import Written
from tulle.model.listeners import ClientCertificates, ClientTrust, TlsVersions
from tulle.model.mesh import Fragment
from tulle.model.routers import TlsOptions

VERSIONS = {
    "": "",
    "VersionTLS10": "1.0",
    "VersionTLS11": "1.1",
    "VersionTLS12": "1.2",
    "VersionTLS13": "1.3",
}
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
    options = TlsOptions(
        name=part.document.key.name,
        origin=part.origin,
        versions=TlsVersions(
            minimum=VERSIONS[spec.min_version],
            maximum=VERSIONS[spec.max_version],
            ciphers=tuple(CIPHERS[each] for each in spec.cipher_suites if each in CIPHERS),
        ),
        trust=_trust(part, spec.client_auth),
        is_strict=spec.sni_strict,
        protocols=tuple(each for each in spec.alpn_protocols if each != "acme-tls/1"),
        curves=spec.curve_preferences,
    )
    return Fragment(objects=(options,), findings=tuple(part.findings))


def _trust(part: Written, spec: ClientAuthSpec | None) -> ClientTrust | None:
    if spec is None or spec.client_auth_type in {"", "NoClientCert"}:
        return None
    if len(spec.ca_files) > 1:
        part.warning(("clientAuth", "caFiles"), "has more than one file; only the first one counts: put them into one")
    return ClientTrust(
        handling=HANDLING[spec.client_auth_type],
        ca_file=file_or_text(part, spec.ca_files[0]) if spec.ca_files else "",
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

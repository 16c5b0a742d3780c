"""TLS that a listener speaks: Istio's `ServerTLSSettings`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from tulle.dialects.fields import CIPHERS, CertificateHash, KeyHash
from tulle.dialects.istio.values import absolute
from tulle.dialects.objects import Differs, Items, ObjectSpec
from tulle.dialects.written import Step, Written
from tulle.model.listeners import Certificate, ClientCertificates, ClientTrust, TlsHandling, TlsVersions
from tulle.model.names import Name

_HANDLING = {
    "PASSTHROUGH": TlsHandling.PASSTHROUGH,
    "AUTO_PASSTHROUGH": TlsHandling.AUTO_PASSTHROUGH,
    "ISTIO_MUTUAL": TlsHandling.MESH,
}
"""Every other mode ends TLS here."""
_ENDED = ("SIMPLE", "MUTUAL", "OPTIONAL_MUTUAL")
_WITH_CLIENTS = ("MUTUAL", "OPTIONAL_MUTUAL")
Version = Literal["TLS_AUTO", "TLSV1_0", "TLSV1_1", "TLSV1_2", "TLSV1_3"]
_BESIDE = "beside the gateway: a secret of its namespace, or of the root namespace"


class TlsCertificate(ObjectSpec):
    """One certificate of several."""

    server_certificate: str = Field("", description="File with the chain.")
    private_key: str = Field("", description="File with the key.")
    ca_certificates: str = Field("", description="File with the authorities of clients.")


class ServerTls(ObjectSpec):
    """TLS that a listener speaks."""

    https_redirect: Annotated[
        bool, Differs("clients are sent to the port where the HTTPS server of the gateway really is")
    ] = Field(False, description="On HTTP: every request is told to come by HTTPS.")
    mode: Literal["PASSTHROUGH", "SIMPLE", "MUTUAL", "AUTO_PASSTHROUGH", "ISTIO_MUTUAL", "OPTIONAL_MUTUAL"] = Field(
        "PASSTHROUGH", description="Whether TLS is ended here, and whether clients show certificates."
    )
    server_certificate: str = Field("", description="File with the certificate chain.")
    private_key: str = Field("", description="File with its key.")
    ca_certificates: str = Field("", description="File with the authorities of clients.")
    ca_crl: str = Field("", description="File with certificates of clients that are not good any more.")
    credential_name: Annotated[str, Differs(f"it is looked for {_BESIDE}")] = Field(
        "", description="Instead of files: a secret with tls.crt, tls.key, and ca.crt for clients."
    )
    credential_names: Annotated[Items[str], Differs(f"they are looked for {_BESIDE}")] = Field(
        (), description="Several secrets, for several kinds of keys."
    )
    ca_cert_credential_name: Annotated[str, Differs(f"it is looked for {_BESIDE}")] = Field(
        "", description="The secret (or configmap://name) with the authorities of clients, if it is another one."
    )
    tls_certificates: Items[TlsCertificate] = Field((), description="Several certificates, for several kinds of keys.")
    subject_alt_names: Items[str] = Field((), description="Names of which a client's certificate must have one.")
    verify_certificate_spki: Items[KeyHash] = Field(
        (), description="Base64 SHA-256 of public keys of which a client's certificate must have one."
    )
    verify_certificate_hash: Items[CertificateHash] = Field(
        (), description="SHA-256 of certificates of which a client's must be one."
    )
    min_protocol_version: Version = Field("TLS_AUTO", description="At least; TLS 1.2 if not given.")
    max_protocol_version: Version = Field("TLS_AUTO", description="At most; TLS 1.3 if not given.")
    cipher_suites: Items[str] = Field((), description="Ciphers, by Envoy's names.")

    @property
    def secrets(self) -> tuple[tuple[str, str], ...]:
        """Names of secrets with certificates, and the fields that name them."""
        single = (("credentialName", self.credential_name),) if self.credential_name else ()
        return (*single, *(("credentialNames", name) for name in self.credential_names))


_ONLY_CLIENTS = (
    ("caCertificates", "ca_certificates"),
    ("caCrl", "ca_crl"),
    ("caCertCredentialName", "ca_cert_credential_name"),
    ("subjectAltNames", "subject_alt_names"),
    ("verifyCertificateSpki", "verify_certificate_spki"),
    ("verifyCertificateHash", "verify_certificate_hash"),
)
_CERTIFICATES = (
    ("serverCertificate", "server_certificate"),
    ("privateKey", "private_key"),
    ("credentialName", "credential_name"),
    ("credentialNames", "credential_names"),
    ("tlsCertificates", "tls_certificates"),
)


def check(part: Written, path: tuple[Step, ...], spec: ServerTls) -> None:
    """Note what the schema cannot see."""
    given = [(name, field) for name, field in (*_CERTIFICATES, *_ONLY_CLIENTS) if getattr(spec, field)]
    if spec.mode not in _ENDED:
        for name, _ in given:
            hint = "" if "mode" in spec.model_fields_set else "; mode is missing: write SIMPLE or MUTUAL"
            part.error((*path, name), f"has no effect in mode {spec.mode}{hint}")
        return
    ways = [bool(spec.secrets), bool(spec.server_certificate or spec.private_key), bool(spec.tls_certificates)]
    if sum(ways) > 1:
        part.error(path, "takes only one of credentialName, tlsCertificates, and serverCertificate with privateKey")
    elif not any(ways):
        part.error(path, f"needs credentialName, or serverCertificate and privateKey, in mode {spec.mode}")
    elif ways[1] and not (spec.server_certificate and spec.private_key):
        part.error(path, "needs both serverCertificate and privateKey")
    for index, cipher in enumerate(spec.cipher_suites):
        if cipher not in CIPHERS:
            part.warning((*path, "cipherSuites", index), f'is "{cipher}", no cipher up to TLS 1.2: it is left out')
    for index, each in enumerate(spec.tls_certificates):
        if not each.server_certificate or not each.private_key:
            part.error((*path, "tlsCertificates", index), "needs both serverCertificate and privateKey")
    if spec.mode == "SIMPLE":
        for name, field in given:
            if (name, field) in _ONLY_CLIENTS:
                part.warning((*path, name), "has no effect in mode SIMPLE, where clients show no certificates")
    elif not (_ca_file(spec) or spec.secrets or spec.ca_cert_credential_name):
        part.error(path, f"needs caCertificates or credentialName in mode {spec.mode}: whom to believe")
    if _version(spec.min_protocol_version) > (_version(spec.max_protocol_version) or "9"):
        part.error((*path, "minProtocolVersion"), "is newer than maxProtocolVersion")


def handling(spec: ServerTls | None) -> TlsHandling:
    """What the listener does with TLS."""
    return _HANDLING.get(spec.mode, TlsHandling.TERMINATE) if spec is not None else TlsHandling.TERMINATE


def certificates(part: Written, path: tuple[Step, ...], spec: ServerTls) -> tuple[Certificate, ...]:
    """The certificates of the listener."""
    if spec.mode not in _ENDED:
        return ()
    namespace = part.document.key.name.namespace
    found = [
        Certificate(secret=Name(namespace, name), searches_root=True, origin=part.at(*path, field))
        for field, name in spec.secrets
    ]
    files = [((), spec.server_certificate, spec.private_key)] if spec.server_certificate else []
    several = [
        (("tlsCertificates", index), each.server_certificate, each.private_key)
        for index, each in enumerate(spec.tls_certificates)
    ]
    for place, chain, key in (*files, *several):
        origin = part.at(*path, *place)
        found.append(Certificate(certificate_file=absolute(part, chain), key_file=absolute(part, key), origin=origin))
    return tuple(found)


def trust(part: Written, spec: ServerTls) -> ClientTrust | None:
    """Whom the listener believes that a client's certificate is good; None where clients show none."""
    if spec.mode not in _WITH_CLIENTS:
        return None
    namespace = part.document.key.name.namespace
    authority = spec.ca_cert_credential_name
    is_map = authority.startswith("configmap://")
    names = (authority,) if authority else tuple(name for _, name in spec.secrets[:1])
    optional = spec.mode == "OPTIONAL_MUTUAL"
    return ClientTrust(
        handling=ClientCertificates.OPTIONAL if optional else ClientCertificates.REQUIRED,
        ca_file=absolute(part, _ca_file(spec)),
        secrets=() if is_map else tuple(Name(namespace, name) for name in names),
        ca_maps=(Name(namespace, authority.removeprefix("configmap://")),) if is_map else (),
        searches_root=True,
        crl_file=absolute(part, spec.ca_crl),
        subject_alt_names=spec.subject_alt_names,
        spki=spec.verify_certificate_spki,
        hashes=spec.verify_certificate_hash,
    )


def versions(spec: ServerTls) -> TlsVersions:
    """Limits of TLS."""
    return TlsVersions(
        minimum=_version(spec.min_protocol_version),
        maximum=_version(spec.max_protocol_version),
        ciphers=tuple(each for each in spec.cipher_suites if each in CIPHERS),
    )


def _ca_file(spec: ServerTls) -> str:
    several = (each.ca_certificates for each in spec.tls_certificates)
    return spec.ca_certificates or next((file for file in several if file), "")


def _version(name: str) -> str:
    """`1.2` for `TLSV1_2`; empty for the default."""
    return name.removeprefix("TLSV").replace("_", ".") if name != "TLS_AUTO" else ""

"""TLS that callers speak: Istio's `ClientTLSSettings`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from tulle.dialects.istio.values import absolute
from tulle.dialects.objects import Differs, Items, ObjectSpec
from tulle.dialects.written import Step, Written
from tulle.model.names import Name
from tulle.model.policies import ClientTls, TlsMode

_MODES = {
    "DISABLE": TlsMode.DISABLE,
    "SIMPLE": TlsMode.SIMPLE,
    "MUTUAL": TlsMode.MUTUAL,
    "ISTIO_MUTUAL": TlsMode.MESH,
}
_SYSTEM = "system"
"""As a file of authorities: those of the system."""
_CONFIG_MAP = "configmap://"
_FILES = ("clientCertificate", "privateKey", "caCertificates", "credentialName")


class ClientTlsSpec(ObjectSpec):
    """TLS that callers speak to a service."""

    mode: Literal["DISABLE", "SIMPLE", "MUTUAL", "ISTIO_MUTUAL"] = Field(
        "DISABLE", description="None, TLS, TLS with a certificate of the caller, mutual TLS of the mesh."
    )
    client_certificate: str = Field("", description="File with the certificate chain of the caller; for MUTUAL.")
    private_key: str = Field("", description="File with its key; for MUTUAL.")
    ca_certificates: str = Field("", description="File with the authorities of the server; the system's if none.")
    credential_name: Annotated[str, Differs("works in sidecars too, not only in gateways")] = Field(
        "",
        description="Instead of files: a secret of this namespace with tls.crt, tls.key, ca.crt; or configmap://name.",
    )
    subject_alt_names: Items[str] = Field((), description="Names of which the server's certificate must have one.")
    sni: Annotated[str, Differs("without subjectAltNames, the certificate of the server must have this name")] = Field(
        "", description="The server name; the host that is asked for if not given."
    )
    insecure_skip_verify: bool | None = Field(None, description="true: any certificate of the server will do.")
    ca_crl: str = Field("", description="File with certificates of servers that are not good any more.")


def check(part: Written, path: tuple[Step, ...], spec: ClientTlsSpec) -> None:
    """Note what the schema cannot see."""
    values = (spec.client_certificate, spec.private_key, spec.ca_certificates, spec.credential_name)
    files = dict(zip(_FILES, values, strict=True))
    if spec.mode in {"DISABLE", "ISTIO_MUTUAL"}:
        for name, value in files.items():
            if value:
                part.error((*path, name), f"has no effect in mode {spec.mode}; leave it out, or write another mode")
        return
    if spec.credential_name:
        for name in _FILES[:3]:
            if files[name]:
                part.error((*path, name), "cannot stand beside credentialName; write one of them")
    elif spec.mode == "MUTUAL" and not (spec.client_certificate and spec.private_key):
        part.error(path, "needs clientCertificate and privateKey, or credentialName, in mode MUTUAL")
    if spec.mode == "SIMPLE" and (spec.client_certificate or spec.private_key):
        part.warning(path, "shows no certificate to the server in mode SIMPLE; write MUTUAL")


def model(part: Written, spec: ClientTlsSpec | None) -> ClientTls | None:
    """As the model has it."""
    if spec is None:
        return None
    namespace = part.document.key.name.namespace
    is_map = spec.credential_name.startswith(_CONFIG_MAP)
    is_mutual = spec.mode == "MUTUAL"
    return ClientTls(
        mode=_MODES[spec.mode],
        certificate_file=absolute(part, spec.client_certificate) if is_mutual else "",
        key_file=absolute(part, spec.private_key) if is_mutual else "",
        ca_file="" if spec.ca_certificates == _SYSTEM else absolute(part, spec.ca_certificates),
        secret=Name(namespace, spec.credential_name) if spec.credential_name and not is_map else None,
        ca_maps=(Name(namespace, spec.credential_name.removeprefix(_CONFIG_MAP)),) if is_map else (),
        server_name=spec.sni,
        subject_alt_names=spec.subject_alt_names,
        skips_verification=bool(spec.insecure_skip_verify),
        crl_file=absolute(part, spec.ca_crl),
    )

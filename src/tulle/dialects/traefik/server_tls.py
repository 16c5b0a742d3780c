"""TLS towards servers, as transports of every kind have it."""

from __future__ import annotations

from typing import Protocol

from tulle.dialects.traefik.files import file_or_text, files, texts
from tulle.dialects.traefik.tls_specs import CertificateSpec
from tulle.dialects.written import Written
from tulle.model.policies import ClientTls, TlsMode


class ServerTlsSpec(Protocol):
    """What can be said of it."""

    @property
    def server_name(self) -> str: ...
    @property
    def insecure_skip_verify(self) -> bool: ...
    @property
    def root_cas(self) -> tuple[str, ...]: ...
    @property
    def certificates(self) -> tuple[CertificateSpec, ...]: ...
    @property
    def peer_cert_uri(self) -> str: ...


def read(part: Written, spec: ServerTlsSpec, *path: str) -> ClientTls:
    """What stands below a path, but for what is text."""
    if len(spec.certificates) > 1:
        part.warning((*path, "certificates"), "has more than one; only the first one counts")
    shown = spec.certificates[0] if spec.certificates else None
    first, *more = files(part, spec.root_cas, *path, "rootCAs") or ("",)
    return ClientTls(
        mode=TlsMode.MUTUAL if shown is not None else TlsMode.SIMPLE,
        certificate_file=file_or_text(part, shown.cert_file) if shown is not None else "",
        key_file=file_or_text(part, shown.key_file) if shown is not None else "",
        ca_file=first,
        more_ca_files=tuple(more),
        server_name=spec.server_name,
        subject_alt_names=(spec.peer_cert_uri,) if spec.peer_cert_uri else (),
        skips_verification=spec.insecure_skip_verify,
    )


def authorities(spec: ServerTlsSpec) -> str:
    """Those that are text."""
    return "\n".join(texts(spec.root_cas))


def shown(spec: ServerTlsSpec) -> tuple[str, str]:
    """The certificate that servers are shown, and its key, as far as they are text."""
    pair = spec.certificates[0] if spec.certificates else CertificateSpec.model_validate({})
    certificate, key = texts((pair.cert_file,)), texts((pair.key_file,))
    return "".join(certificate), "".join(key)

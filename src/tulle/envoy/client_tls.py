"""TLS that a proxy originates towards servers which are no part of the mesh, or which speak TLS themselves."""

from __future__ import annotations

from envoy.config.core.v3 import base_pb2
from envoy.extensions.transport_sockets.tls.v3 import tls_pb2

from tulle.envoy import naming, secrets
from tulle.model.hostnames import is_address
from tulle.model.policies import ClientTls, TlsMode


def originating(tls: ClientTls, host: str, names: tuple[str, ...]) -> base_pb2.TransportSocket:
    """TLS towards servers that must be `host` (empty: what a request asks for), or one of `names` if there are any."""
    common = tls_pb2.CommonTlsContext(tls_params=secrets.EDGE_TLS)
    asked = tls.server_name or host
    if is_address(asked):
        # No server name can say an address (RFC 6066 §3), but a certificate can.
        asked, names = "", names or (asked,)
    context = tls_pb2.UpstreamTlsContext(sni=asked)
    certificate, authorities = certificate_name(tls), authorities_name(tls)
    if certificate:
        common.tls_certificate_sds_secret_configs.append(secrets.file_reference(certificate))
    if authorities:
        combined = common.combined_validation_context
        combined.validation_context_sds_secret_config.CopyFrom(secrets.file_reference(authorities))
        combined.default_validation_context.match_typed_subject_alt_names.extend(map(secrets.subject, names))
        # Without names, the server must be the one whose name was sent to it.
        context.auto_sni_san_validation = not names
    context.common_tls_context.CopyFrom(common)
    return secrets.tls_socket(context)


def certificate_name(tls: ClientTls) -> str:
    """Secret of the client's certificate; empty if it shows none, or the one of the mesh."""
    if tls.shown_secret is not None:
        return naming.secret(tls.shown_secret)
    if tls.mode is not TlsMode.MUTUAL:
        return ""
    return naming.secret(tls.secret) if tls.secret else naming.certificate(tls.certificate_file, tls.key_file)


def authorities_name(tls: ClientTls) -> str:
    """Secret of the authorities that the server is verified by; empty if it is not, or by those of the mesh."""
    if tls.skips_verification or tls.mode not in {TlsMode.SIMPLE, TlsMode.MUTUAL}:
        return ""
    if tls.more_ca_files:
        return naming.client_cas((tls.ca_file, *tls.more_ca_files))
    if tls.ca_secret is not None:
        return naming.secret_ca(tls.ca_secret)
    if tls.ca_file:
        return naming.client_ca(tls.ca_file, tls.crl_file)
    if tls.ca_maps:
        return naming.joined_ca(map(naming.config_map_ca, tls.ca_maps))
    if tls.secret:
        return naming.secret_ca(tls.secret)
    return naming.SYSTEM_CA if tls.uses_system_ca else ""


def secret_names(tls: ClientTls | None) -> tuple[str, ...]:
    """The secrets, beside the proxy's own, that a cluster with this TLS cannot do without."""
    return tuple(filter(None, (certificate_name(tls), authorities_name(tls)))) if tls else ()

"""TLS contexts that refer to secrets by name; keys and certificates themselves never pass through here."""

from __future__ import annotations

from typing import TypeAlias

from envoy.config.core.v3 import base_pb2
from envoy.extensions.transport_sockets.tls.v3 import common_pb2, secret_pb2, tls_pb2
from google.protobuf import message

from tulle.envoy import naming, protos
from tulle.model.hostnames import is_address

SAN: TypeAlias = common_pb2.SubjectAltNameMatcher
FILE_PATIENCE = 1.0
"""Seconds."""
MESH_TLS = common_pb2.TlsParameters(
    # Envoy's client side stops at TLS 1.2 unless it is told not to.
    tls_minimum_protocol_version=common_pb2.TlsParameters.TLSv1_3,
    tls_maximum_protocol_version=common_pb2.TlsParameters.TLSv1_3,
)


EDGE_TLS = common_pb2.TlsParameters(
    tls_minimum_protocol_version=common_pb2.TlsParameters.TLSv1_2,
    tls_maximum_protocol_version=common_pb2.TlsParameters.TLSv1_3,
)
"""With others than workloads of the mesh."""


def reference(name: str) -> secret_pb2.SdsSecretConfig:
    """A secret that the agent serves."""
    return secret_pb2.SdsSecretConfig(name=name, sds_config=protos.ads())


def file_reference(name: str) -> secret_pb2.SdsSecretConfig:
    """A secret from a file that somebody wrote, or forgot to.

    Unlike for the workload's own there is an end to waiting: a missing file must not keep the other listeners of a
    gateway from opening. Until it is there, connections that need it are closed.
    """
    secret = reference(name)
    secret.sds_config.initial_fetch_timeout.CopyFrom(protos.seconds(FILE_PATIENCE))
    return secret


def calling(names: tuple[str, ...], server_name: str, protocols: list[str]) -> base_pb2.TransportSocket:
    """Mutual TLS towards workloads that must show exactly one of these identities."""
    context = tls_pb2.UpstreamTlsContext()
    context.CopyFrom(CALLING)
    context.sni = server_name
    context.common_tls_context.alpn_protocols.extend(protocols)
    peer = context.common_tls_context.combined_validation_context.default_validation_context
    del peer.match_typed_subject_alt_names[:]
    peer.match_typed_subject_alt_names.extend(map(subject, names))
    return tls_socket(context)


def subject(name: str) -> common_pb2.SubjectAltNameMatcher:
    """That a certificate is for this identity, mailbox, host or address."""
    kind = SAN.URI if "://" in name else SAN.EMAIL if "@" in name else SAN.IP_ADDRESS if is_address(name) else SAN.DNS
    return SAN(san_type=kind, matcher=protos.exactly(name))


def called(trust_domain: str, aliases: tuple[str, ...] = ()) -> base_pb2.TransportSocket:
    """Mutual TLS from workloads of this trust domain (and of its aliases), and from nobody else."""
    context = tls_pb2.DownstreamTlsContext(
        common_tls_context=_mesh_context(["h2", "http/1.1"]),
        require_client_certificate=protos.flag(True),
        disable_stateless_session_resumption=True,
        disable_stateful_session_resumption=True,
    )
    peer = context.common_tls_context.combined_validation_context.default_validation_context
    peer.match_typed_subject_alt_names[0].matcher.prefix = f"spiffe://{trust_domain}/"
    for alias in aliases:
        peer.match_typed_subject_alt_names.add(san_type=SAN.URI, matcher=protos.starting_with(f"spiffe://{alias}/"))
    return tls_socket(context)


def _mesh_context(protocols: list[str]) -> tls_pb2.CommonTlsContext:
    """What both sides of a connection within the mesh have in common; whom they accept is still open."""
    validation = common_pb2.CertificateValidationContext(match_typed_subject_alt_names=[SAN(san_type=SAN.URI)])
    return tls_pb2.CommonTlsContext(
        tls_params=MESH_TLS,
        tls_certificate_sds_secret_configs=[reference(naming.WORKLOAD_SECRET)],
        combined_validation_context=tls_pb2.CommonTlsContext.CombinedCertificateValidationContext(
            default_validation_context=validation,
            validation_context_sds_secret_config=reference(naming.TRUST_SECRET),
        ),
        alpn_protocols=protocols,
    )


def tls_socket(context: message.Message) -> base_pb2.TransportSocket:
    """TLS of a connection, as a cluster or a filter chain wants it."""
    return base_pb2.TransportSocket(name="envoy.transport_sockets.tls", typed_config=protos.packed(context))


CALLING = tls_pb2.UpstreamTlsContext(
    common_tls_context=_mesh_context([]),
    # A resumed session would not look at the certificate again.
    max_session_keys=protos.number(0),
)

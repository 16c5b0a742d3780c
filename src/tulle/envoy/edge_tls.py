"""TLS where clients of the gateway end it: which certificates, which clients, which versions."""

from __future__ import annotations

import binascii
from base64 import b64decode
from dataclasses import dataclass, replace
from typing import TypeAlias

from envoy.config.core.v3 import base_pb2
from envoy.config.listener.v3 import listener_components_pb2
from envoy.config.rbac.v3 import rbac_pb2
from envoy.extensions.filters.network.rbac.v3 import rbac_pb2 as network_rbac_pb2
from envoy.extensions.transport_sockets.tls.v3 import common_pb2, tls_pb2
from google.api.expr.v1alpha1 import syntax_pb2

from tulle.envoy import mesh_secrets, naming, protos, secrets
from tulle.model.listeners import Certificate, ClientCertificates, ClientTrust, Listener, TlsHandling, TlsVersions
from tulle.model.mesh import Mesh
from tulle.model.objects import ConfigMap, Secret

Validation: TypeAlias = common_pb2.CertificateValidationContext
VERSIONS = {
    "1.0": common_pb2.TlsParameters.TLSv1_0,
    "1.1": common_pb2.TlsParameters.TLSv1_1,
    "1.2": common_pb2.TlsParameters.TLSv1_2,
    "1.3": common_pb2.TlsParameters.TLSv1_3,
}
LOWEST, HIGHEST = "1.2", "1.3"
CIPHERS = frozenset(
    f"{exchange}{cipher}"
    for exchange in ("ECDHE-ECDSA-", "ECDHE-RSA-", "")
    for cipher in ("AES128-GCM-SHA256", "AES256-GCM-SHA384", "AES128-SHA", "AES256-SHA")
) | {"ECDHE-ECDSA-CHACHA20-POLY1305", "ECDHE-RSA-CHACHA20-POLY1305"}
"""What Envoy knows, for TLS up to 1.2; those of 1.3 cannot be chosen."""
UNVERIFIED = frozenset((ClientCertificates.UNVERIFIED, ClientCertificates.UNVERIFIED_REQUIRED))
NO_TRUST = ClientTrust(handling=ClientCertificates.NONE)


@dataclass(frozen=True, slots=True)
class Material:
    """What a listener can show to its clients, and whom it can believe, with what there is in the mesh."""

    certificates: tuple[Certificate, ...] = ()
    trust: ClientTrust = NO_TRUST


def material(listener: Listener, mesh: Mesh) -> Material | None:
    """What is good of a listener's certificates and authorities; None if too little is left to end TLS with."""
    if listener.tls is TlsHandling.MESH:
        return Material()
    good = tuple(each for each in listener.certificates if _is_good(each, mesh))
    if not good or version_problem(listener.versions):
        return None
    given = listener.client_trust or (
        ClientTrust(ca_file=listener.client_ca_file) if listener.client_ca_file else NO_TRUST
    )
    trust = _reduced(given, mesh)
    return Material(good, trust) if not trust_problem(trust) else None


def trust_problem(trust: ClientTrust) -> str:
    """Why nothing can be verified by this, whatever is in the mesh; empty if it can."""
    if trust.handling is ClientCertificates.NONE:
        return ""
    for pin in trust.spki:
        if not _is_digest(pin):
            return f"{pin!r} is no base64 of the SHA-256 of a public key"
    for pin in trust.hashes:
        if not _is_hash(pin):
            return f"{pin!r} is no SHA-256 of a certificate in hexadecimal"
    if trust.crl_file and not trust.ca_file:
        return "a list of revoked certificates in a file is only looked at for an authority that is in a file, too"
    if trust.handling in UNVERIFIED or _authorities(trust):
        return ""
    is_pinned = bool(trust.spki or trust.hashes) and not trust.subject_alt_names
    return "" if is_pinned else "no authority is left that certificates of clients could be verified by"


def version_problem(versions: TlsVersions) -> str:
    """Why no connection could ever be made with these limits; empty if one can."""
    for version in (versions.minimum, versions.maximum):
        if version and version not in VERSIONS:
            return f'there is no version "{version}" of TLS; known are {", ".join(VERSIONS)}'
    if versions.minimum > (versions.maximum or HIGHEST):
        return f"the least version of TLS ({versions.minimum}) is above the greatest ({versions.maximum})"
    if versions.ciphers and not CIPHERS.intersection(versions.ciphers):
        return f"none of the ciphers is known; known are {', '.join(sorted(CIPHERS))}"
    return ""


def ending(listener: Listener, certificates: tuple[Certificate, ...], trust: ClientTrust) -> base_pb2.TransportSocket:
    """TLS that ends here, with these certificates."""
    common = tls_pb2.CommonTlsContext(
        tls_params=_parameters(listener.versions),
        tls_certificate_sds_secret_configs=[secrets.file_reference(_name(each)) for each in certificates],
        alpn_protocols=listener.offers or listener.alpn or (["h2", "http/1.1"] if listener.protocol.is_http else []),
    )
    context = tls_pb2.DownstreamTlsContext(common_tls_context=common)
    if not listener.versions.resumes:
        context.disable_stateless_session_resumption = context.disable_stateful_session_resumption = True
    if trust.handling in {ClientCertificates.REQUIRED, ClientCertificates.UNVERIFIED_REQUIRED}:
        context.require_client_certificate.value = True
    if trust.handling is not ClientCertificates.NONE:
        _verify(trust, context.common_tls_context)
    return secrets.tls_socket(context)


def filters(trust: ClientTrust) -> list[listener_components_pb2.Filter]:
    """What closes connections of clients without a certificate, where any is good: TLS cannot demand that by itself."""
    if trust.handling is not ClientCertificates.UNVERIFIED_REQUIRED or _authorities(trust):
        return []
    connection = syntax_pb2.Expr(ident_expr=syntax_pb2.Expr.Ident(name="connection"))
    is_shown = syntax_pb2.Expr(select_expr=syntax_pb2.Expr.Select(operand=connection, field="mtls"))
    anything, anybody = rbac_pb2.Permission(any=True), rbac_pb2.Principal(any=True)
    policy = rbac_pb2.Policy(permissions=[anything], principals=[anybody], condition=is_shown)
    config = network_rbac_pb2.RBAC(stat_prefix="shown", rules=rbac_pb2.RBAC(policies={"shown": policy}))
    return [listener_components_pb2.Filter(name="shown", typed_config=protos.packed(config))]


def _is_good(certificate: Certificate, mesh: Mesh) -> bool:
    """Whether a certificate can be shown; of those in files only the agent knows."""
    secret = mesh.secrets.get(certificate.secret) if certificate.secret is not None else None
    return certificate.secret is None or (secret is not None and not mesh_secrets.problem(secret))


def _name(certificate: Certificate) -> str:
    if certificate.secret is not None:
        return naming.secret(certificate.secret)
    return naming.certificate(certificate.certificate_file, certificate.key_file)


def _parameters(versions: TlsVersions) -> common_pb2.TlsParameters:
    maximum = versions.maximum or HIGHEST
    return common_pb2.TlsParameters(
        tls_minimum_protocol_version=VERSIONS[versions.minimum or min(LOWEST, maximum)],
        tls_maximum_protocol_version=VERSIONS[maximum],
        cipher_suites=[cipher for cipher in versions.ciphers if cipher in CIPHERS],
        ecdh_curves=versions.curves,
    )


def _verify(trust: ClientTrust, common: tls_pb2.CommonTlsContext) -> None:
    authorities = _authorities(trust)
    if trust.handling in UNVERIFIED:
        validation = Validation(trust_chain_verification=Validation.ACCEPT_UNTRUSTED)
    else:
        validation = Validation(
            match_typed_subject_alt_names=map(secrets.subject, trust.subject_alt_names),
            verify_certificate_spki=trust.spki,
            verify_certificate_hash=trust.hashes,
        )
    if not authorities:
        common.validation_context.CopyFrom(validation)
    elif not validation.ByteSize():
        common.validation_context_sds_secret_config.CopyFrom(secrets.file_reference(authorities))
    else:
        combined = common.combined_validation_context
        combined.default_validation_context.CopyFrom(validation)
        combined.validation_context_sds_secret_config.CopyFrom(secrets.file_reference(authorities))


def _authorities(trust: ClientTrust) -> str:
    """Name of the secret with the authorities that clients are verified by; empty if there is none."""
    if trust.more_ca_files:
        return naming.client_cas((trust.ca_file, *trust.more_ca_files))
    if trust.ca_file:
        return naming.client_ca(trust.ca_file, trust.crl_file)
    names = [*map(naming.secret_ca, trust.secrets), *map(naming.config_map_ca, trust.ca_maps)]
    return naming.joined_ca(names)


def _reduced(trust: ClientTrust, mesh: Mesh) -> ClientTrust:
    """Without authorities that are missing or broken: fewer clients are believed, never more."""
    good = tuple(name for name in trust.secrets if _is_authority(mesh.secrets.get(name)))
    maps = tuple(name for name in trust.ca_maps if _is_authority(mesh.config_maps.get(name)))
    return replace(trust, secrets=good, ca_maps=maps)


def _is_authority(source: Secret | ConfigMap | None) -> bool:
    return source is not None and not mesh_secrets.authority_problem(source)


def _is_digest(text: str) -> bool:
    try:
        return len(b64decode(text, validate=True)) == 32
    except binascii.Error:
        return False


def _is_hash(text: str) -> bool:
    digits = text.replace(":", "")
    return len(digits) == 64 and all(digit in "0123456789abcdefABCDEF" for digit in digits)

"""The listeners that all Ingresses share: made when there is an Ingress, but for ports where native ones listen."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace

from tulle.kit.memo import remember
from tulle.model.documents import BUILT_IN
from tulle.model.listeners import Certificate, Listener, ListenerProtocol
from tulle.model.mesh import Settings
from tulle.model.names import INGRESS, SYSTEM_NAMESPACE, Name
from tulle.model.objects import SharedCertificates

HTTP = Name(SYSTEM_NAMESPACE, "ingress-http")
HTTPS = Name(SYSTEM_NAMESPACE, "ingress-https")
HTTP_PORT, HTTPS_PORT = 80, 443
"""What is meant, wherever it really is."""


def is_shared(listener: Listener, settings: Settings) -> bool:
    """Whether a native listener takes the routes of Ingresses: it is where theirs would be."""
    place = listener.port, listener.protocol
    plain, secure = settings.ingress_port, settings.ingress_tls_port
    return place in {(plain, ListenerProtocol.HTTP), (secure, ListenerProtocol.HTTPS)}


def sharing(listener: Listener, shared: Iterable[SharedCertificates], settings: Settings) -> Listener:
    """A native listener with the certificates of Ingresses beside its own, if it takes their routes."""
    if listener.protocol is not ListenerProtocol.HTTPS or not is_shared(listener, settings):
        return listener
    certificates = _certificates(_ours(shared))
    return _with(listener, certificates) if certificates else listener


@remember(size=4)
def _with(listener: Listener, certificates: tuple[Certificate, ...]) -> Listener:
    return replace(listener, certificates=(*listener.certificates, *certificates))


def listeners(shared: Iterable[SharedCertificates], taken: Collection[int], settings: Settings) -> tuple[Listener, ...]:
    """Those for HTTP and, with any certificate, for HTTPS; but none on ports that are taken by native listeners.

    `shared` is in the order in which it was written: of two certificates for a host the first one counts.
    """
    found = []
    plain, secure = settings.ingress_port, settings.ingress_tls_port
    if plain not in taken:
        found.append(_listener(HTTP, (plain, HTTP_PORT), ListenerProtocol.HTTP, ()))
    certificates = _certificates(_ours(shared))
    if certificates and secure not in taken:
        found.append(_listener(HTTPS, (secure, HTTPS_PORT), ListenerProtocol.HTTPS, certificates))
    return tuple(found)


def _ours(shared: Iterable[SharedCertificates]) -> list[SharedCertificates]:
    return [document for document in shared if document.gateway == INGRESS]


def _listener(
    name: Name, ports: tuple[int, int], protocol: ListenerProtocol, certificates: tuple[Certificate, ...]
) -> Listener:
    """`ports` are where it is, and what is meant."""
    return Listener(
        name=name,
        origin=certificates[0].origin if certificates else BUILT_IN,
        port=ports[0],
        declared_port=ports[1],
        protocol=protocol,
        certificates=certificates,
        gateway=INGRESS,
        section=str(protocol),
        has_own_addresses=False,
    )


def _certificates(documents: Iterable[SharedCertificates]) -> tuple[Certificate, ...]:
    """Every host once, with the certificate that was written first."""
    seen: set[str] = set()
    found = []
    for certificate in (each for document in documents for each in document.certificates):
        hosts = certificate.hosts or ("",)
        new = tuple(host for host in hosts if host not in seen)
        if new:
            found.append(certificate if new == hosts else replace(certificate, hosts=new))
        seen.update(new)
    return tuple(found)

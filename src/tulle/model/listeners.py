"""Where the gateway listens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from tulle.model.documents import BUILT_IN, Origin
from tulle.model.names import SYSTEM_NAMESPACE, Name
from tulle.model.observing import UNOBSERVED, Observed
from tulle.model.routes import Backend, Referrer, RouteKind


class ListenerProtocol(StrEnum):
    """What clients speak to a listener of the gateway."""

    HTTP = "http"
    HTTPS = "https"
    TCP = "tcp"
    TLS = "tls"
    """TLS that is ended here and carries anything; the bytes go to a TCP backend."""
    UDP = "udp"

    @property
    def is_http(self) -> bool:
        """Whether requests can be routed one by one."""
        return self in {ListenerProtocol.HTTP, ListenerProtocol.HTTPS}


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """A certificate chain and its key, in files on the host of the gateway; they are never sent anywhere."""

    certificate_file: str = ""
    key_file: str = ""
    secret: Name | None = None
    """Instead of files: a secret of the mesh with `tls.crt` and `tls.key`."""
    searches_root: bool = False
    """Whether the root namespace is searched too, if the secret is not in its own (Istio: beside the gateway)."""
    hosts: tuple[str, ...] = ()
    """Server names it is for; empty: the default for every name."""
    referrer: Referrer | None = None
    """Who refers to the secret, if a reference into another namespace needs a grant there."""
    origin: Origin = field(default=BUILT_IN, compare=False)


class TlsHandling(StrEnum):
    """What a listener does with TLS."""

    TERMINATE = "terminate"
    PASSTHROUGH = "passthrough"
    """Sent on as it is, by its server name."""
    AUTO_PASSTHROUGH = "auto_passthrough"
    """Sent on to the cluster that the server name says (Istio, between networks)."""
    MESH = "mesh"
    """Mutual TLS with the certificates of the mesh (Istio `ISTIO_MUTUAL`)."""


def fitting_kinds(protocol: ListenerProtocol, tls: TlsHandling) -> tuple[RouteKind, ...]:
    """The kinds of routes that a listener can have."""
    if protocol.is_http:
        return RouteKind.HTTP, RouteKind.GRPC
    if protocol is ListenerProtocol.TLS:
        is_ended = tls in {TlsHandling.TERMINATE, TlsHandling.MESH}
        return (RouteKind.TLS, RouteKind.TCP) if is_ended else (RouteKind.TLS,)
    return (RouteKind.UDP,) if protocol is ListenerProtocol.UDP else (RouteKind.TCP,)


class ClientCertificates(StrEnum):
    """Whether clients show certificates."""

    NONE = "none"
    OPTIONAL = "optional"
    REQUIRED = "required"
    UNVERIFIED = "unverified"
    """Asked for, and passed on whatever it is (Gateway API `AllowInsecureFallback`)."""
    UNVERIFIED_REQUIRED = "unverified_required"
    """The same, but there must be one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientTrust:
    """Whom a listener believes that a client certificate is good."""

    handling: ClientCertificates = ClientCertificates.REQUIRED
    ca_file: str = ""
    more_ca_files: tuple[str, ...] = ()
    secrets: tuple[Name, ...] = ()
    """Secrets with `ca.crt` (or `cacert`)."""
    searches_root: bool = False
    """Whether they may be in the root namespace too, and in secrets with `-cacert` after the name (Istio)."""
    ca_maps: tuple[Name, ...] = ()
    """ConfigMaps with `ca.crt`."""
    crl_file: str = ""
    subject_alt_names: tuple[str, ...] = ()
    """Of which a certificate must have one; empty: any."""
    spki: tuple[str, ...] = ()
    """Base64 SHA-256 of public keys, of which a certificate must have one."""
    hashes: tuple[str, ...] = ()
    """SHA-256 of certificates, of which it must be one."""
    referrer: Referrer | None = None
    origin: Origin = field(default=BUILT_IN, compare=False)
    """Where the authorities are named, if not where the listener begins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsVersions:
    """Limits of TLS at a listener; empty: the defaults (TLS 1.2 to 1.3, Envoy's ciphers)."""

    minimum: str = ""
    """`1.0` … `1.3`."""
    maximum: str = ""
    ciphers: tuple[str, ...] = ()
    curves: tuple[str, ...] = ()
    """For the exchange of keys, as OpenSSL calls them."""
    resumes: bool = True
    """Whether clients may take up a session of before."""


@dataclass(frozen=True, slots=True)
class LabelSelector:
    """Kubernetes' way to choose by labels; an empty one chooses everything."""

    labels: tuple[tuple[str, str], ...] = ()
    expressions: tuple[tuple[str, str, tuple[str, ...]], ...] = ()
    """Key, operator (`In`, `NotIn`, `Exists`, `DoesNotExist`), values."""

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether these labels are chosen."""
        if any(labels.get(key) != value for key, value in self.labels):
            return False
        return all(_holds(operator, labels.get(key), values) for key, operator, values in self.expressions)


def _holds(operator: str, value: str | None, values: tuple[str, ...]) -> bool:
    match operator:
        case "In":
            return value in values
        case "NotIn":
            return value not in values
        case "Exists":
            return value is not None
        case _:
            return value is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """Whose routes a listener takes."""

    namespaces: tuple[str, ...] | None = None
    """None: of every namespace."""
    selector: LabelSelector | None = None
    """Instead: namespaces with these labels."""
    kinds: tuple[RouteKind, ...] = ()
    """Empty: all that fit its protocol."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenerHost:
    """A host name that a listener serves, and to whom it is left."""

    host: str = "*"
    namespaces: tuple[str, ...] | None = None
    """Whose routes may have it; None: everybody's (Istio `namespace/host`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Forwarded:
    """Whose `X-Forwarded-*` are believed."""

    trusts_all: bool = False
    trusted: tuple[str, ...] = ()
    """Addresses and CIDRs."""
    appends: bool = True
    """Whether the client's address is added."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entrance:
    """How requests are read where they come in."""

    forwarded: Forwarded = Forwarded()
    proxy_protocol: Forwarded | None = None
    """Whose PROXY protocol is believed; None: it is not spoken."""
    sanitizes_path: bool = True
    refused_characters: tuple[str, ...] = ()
    """Escapes that a path must not have, such as `%2f`."""
    encodes_semicolons: bool = False
    largest_headers: int = 1 << 20
    """Bytes."""
    underscores: str = ""
    """What becomes of headers with `_`: kept if empty, `delete`, `reject`."""
    read_timeout: float = 60.0
    write_timeout: float = 0.0
    idle_timeout: float = 180.0
    most_streams: int = 250
    most_requests: int = 0
    """Of one connection; 0: no limit."""
    longest: float = 0.0
    """Seconds of a connection; 0: no limit."""
    http3: int = 0
    """The port for HTTP/3 that clients are told; 0: it is not spoken."""
    observed: Observed = UNOBSERVED
    """What is told of requests."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, weakref_slot=True)
class Listener:
    """One address and port of the gateway. Compared and hashed by identity."""

    name: Name
    origin: Origin
    port: int
    address: str = "127.0.0.1"
    protocol: ListenerProtocol = ListenerProtocol.HTTP
    certificates: tuple[Certificate, ...] = ()
    client_ca_file: str = ""
    """If set, clients must present a certificate signed by it."""
    redirect_to_https: int | None = None
    """Port of an HTTPS listener to which every request is redirected."""
    backends: tuple[Backend, ...] = ()
    """For `tcp`, `tls` and `udp`: where the bytes go."""
    gateway: Name | None = None
    """The object that it belongs to, as routes name it; None: only routes that name the listener find it."""
    section: str = ""
    """Its name within that object."""
    hosts: tuple[ListenerHost, ...] = (ListenerHost(),)
    """What it serves. Several listeners may share a port if their hosts differ."""
    admission: Admission = Admission()
    declared_port: int = 0
    """The port as the document has it, if not `port`: ports below 1024 are moved up by 8000."""
    tls: TlsHandling = TlsHandling.TERMINATE
    client_trust: ClientTrust | None = None
    shown_secret: Name | None = None
    """The secret with the certificate that its gateway shows to backends which policies of TLS are for."""
    versions: TlsVersions = TlsVersions()
    created: str = ""
    problems: tuple[tuple[str, str, str], ...] = ()
    """What is wrong with it by itself: condition, reason, sentence, in the words of Gateway API."""
    has_own_addresses: bool = True
    """Whether `address` was written; otherwise it may be moved to another loopback address where it would collide."""
    selector: tuple[tuple[str, str], ...] = ()
    """Labels of the gateways that it is for; empty: every one (Istio)."""

    alpn: tuple[str, ...] = ()
    """Protocols that are offered with TLS; empty: those of HTTP where it reads that, and none elsewhere."""
    offers: tuple[str, ...] = ()
    """Only for connections whose clients offer one of these protocols, which are then spoken."""
    rank: int = 0
    """Of listeners that share a socket, and are for the same connections, the smallest has them."""
    entrance: Entrance | None = None
    """Set: an entry point of routers, and how it reads requests."""
    ending: str = ""
    """Of entry points: the name of the options that TLS is ended by, for conditions of routes."""
    certified: tuple[str, ...] | None = None
    """Of entry points: names for which there are certificates, if all others are refused."""

    @property
    def id(self) -> str:
        """What routes name it by: its name, with the namespace if it is not that of the system."""
        namespace, name = self.name.namespace, self.name.name
        return name if namespace == SYSTEM_NAMESPACE else f"{namespace}/{name}"

"""Services: what can be called, on which ports, in which versions, and where it is right now."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from tulle.kit.quick import quick
from tulle.model.documents import BUILT_IN, Origin
from tulle.model.names import Name, full_host
from tulle.model.policies import Locality, Policy
from tulle.model.security import Rule


class Protocol(StrEnum):
    """What is spoken on a port."""

    HTTP = "http"
    """HTTP/1.1 to the application; between proxies it travels as HTTP/2."""
    HTTP2 = "http2"
    """Cleartext HTTP/2 with prior knowledge."""
    GRPC = "grpc"
    TCP = "tcp"
    TLS = "tls"
    """TLS that the caller speaks itself: bytes, routed by server name."""
    UDP = "udp"

    @property
    def is_http(self) -> bool:
        """Whether requests can be routed one by one."""
        return self in _HTTP

    @property
    def is_http2(self) -> bool:
        """Whether the application itself speaks HTTP/2."""
        return self in _HTTP2


_HTTP = frozenset((Protocol.HTTP, Protocol.HTTP2, Protocol.GRPC))
_HTTP2 = frozenset((Protocol.HTTP2, Protocol.GRPC))


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Port:
    """A port of a service, as callers name it. Where an instance really listens is the agent's choice."""

    name: str
    number: int
    protocol: Protocol = Protocol.HTTP
    target: int | str | None = None
    """The port of the workloads behind it, by number or name; None: the same number, or their only port."""

    @property
    def is_udp(self) -> bool:
        """Whether its number is one of UDP."""
        return self.protocol is Protocol.UDP


@dataclass(frozen=True, slots=True, kw_only=True)
class Subset:
    """A named part of the endpoints: those with all of these labels."""

    name: str
    labels: tuple[tuple[str, str], ...]
    policy: Policy | None = None
    """Replaces the policy of the service, if given."""
    port_policies: tuple[tuple[int, Policy], ...] = ()
    """Policies of single ports, which replace that of the subset."""
    origin: Origin = field(default=BUILT_IN, compare=False)


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """A place that answers for a service on one of its ports."""

    address: str
    """IP address, host name, or absolute path of a Unix socket."""
    port: int = 0
    """0 for a Unix socket."""
    port_name: str = ""
    """The port of the service that this place serves; empty for all of them."""
    labels: tuple[tuple[str, str], ...] = ()
    weight: int = 1
    is_meshed: bool = False
    """Whether a sidecar stands there, so that it is called by mutual TLS."""
    locality: Locality | None = None
    network: str = ""
    account: str = ""
    """Service account of what answers there, if it is known."""
    is_ready: bool = True
    is_draining: bool = False
    hostname: str = ""
    """What it sees as `Host`, where a route wants it to see its own."""
    url: str = ""
    """As somebody wrote it, for logs."""


class Resolution(StrEnum):
    """How the proxy of a caller finds the places of a service."""

    ENDPOINTS = "endpoints"
    """They are told by the control plane."""
    DNS = "dns"
    """By the names of its endpoints (or its own), all addresses that DNS gives (Istio `DNS`)."""
    DNS_ROUND_ROBIN = "dns_round_robin"
    """The same, but only the first address counts."""
    DYNAMIC_DNS = "dynamic_dns"
    """By the name that was asked for (hosts with a wildcard)."""
    NONE = "none"
    """The caller knows the address already."""


@quick
@dataclass(frozen=True, slots=True, kw_only=True, eq=False, weakref_slot=True)
class Places:
    """Where a service is, said by another document than the service itself (EndpointSlice, Endpoints)."""

    name: Name
    origin: Origin
    service: Name
    endpoints: tuple[Endpoint, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, weakref_slot=True)
class Entry:
    """A workload that runs somewhere and that nobody here started (Istio WorkloadEntry). Services select it."""

    name: Name
    origin: Origin
    address: str
    ports: tuple[tuple[str, int], ...] = ()
    """Its ports by the names of the service's ports; others are at the target of the service's port."""
    labels: tuple[tuple[str, str], ...] = ()
    account: str = ""
    network: str = ""
    locality: Locality | None = None
    weight: int = 1
    is_meshed: bool = False


@quick
@dataclass(frozen=True, slots=True, kw_only=True, eq=False, weakref_slot=True)
class Destination:
    """How clients treat a host, in documents of their own (Istio DestinationRule). Compared by identity."""

    name: Name
    origin: Origin
    host: str
    """Full host name, `*.example.org` included."""
    exports: tuple[str, ...] = ("*",)
    """Namespaces whose workloads it is for: `*` for all, `.` for its own."""
    clients: tuple[tuple[str, str], ...] = ()
    """Labels of the clients in its namespace that it is for; empty: all."""
    policy: Policy | None = None
    port_policies: tuple[tuple[int, Policy], ...] = ()
    """Policies of single ports, complete: they replace `policy`."""
    subsets: tuple[Subset, ...] = ()
    created: str = ""
    host_origin: Origin | None = None
    """Where the host was written, if not where it begins."""


@quick
@dataclass(frozen=True, slots=True, kw_only=True, eq=False, weakref_slot=True)
class Service:
    """Something that can be called by name. Compared and hashed by identity."""

    name: Name
    origin: Origin
    ports: tuple[Port, ...]
    account: str
    """Service account of its workloads; with the namespace it makes their SPIFFE identity."""
    subsets: tuple[Subset, ...] = ()
    policy: Policy = field(default_factory=Policy)
    allow: tuple[Rule, ...] | None = None
    """Who may call it; None: every workload of the mesh. An empty tuple: nobody."""
    addresses: tuple[Endpoint, ...] = ()
    """Fixed places of a service that runs elsewhere; empty for services whose workloads we run."""
    selector: tuple[tuple[str, str], ...] = ()
    """Labels of the workloads of its namespace that answer for it, beside those that name it as theirs."""
    hosts: tuple[str, ...] = ()
    """Host names by which it is called instead of those of the mesh; `*.example.org` included (Istio ServiceEntry)."""
    virtual_addresses: tuple[str, ...] = ()
    """Addresses (or CIDR) by which it is called, beside its names."""
    resolution: Resolution = Resolution.ENDPOINTS
    is_outside: bool = False
    """Whether it is no part of the mesh: no mutual TLS, no identity."""
    exports: tuple[str, ...] = ("*",)
    """Namespaces that see it: `*` for all, `.` for its own."""
    alias: str = ""
    """Host name that it stands for (`ExternalName`)."""
    is_headless: bool = False
    identities: tuple[str, ...] = ()
    """SPIFFE identities or names that its workloads show, if not those of its accounts (`subjectAltNames`)."""
    accounts: tuple[str, ...] = ()
    """Service accounts of everything that answers for it, beside `account`; found out when the mesh is built."""
    destinations: tuple[Destination, ...] = ()
    """What documents of their own say about it; found out when the mesh is built."""
    runs_here: bool = True
    """Whether instances of the mesh may answer for it."""
    plain_ports: tuple[int, ...] = ()
    """Ports on which some of what answers takes no mutual TLS though a sidecar stands there; found out when the mesh is
    built. Its endpoints are then told apart by `Endpoint.is_meshed`."""
    selector_origin: Origin | None = None
    """Where the selector was written, if not where the service begins."""
    host_origin: Origin | None = None
    """Where its hosts (or the one that it stands for) were written."""

    @property
    def is_meshed(self) -> bool:
        """Whether sidecars stand before its instances."""
        return not self.addresses and not self.is_outside and not self.alias

    @property
    def full_hosts(self) -> tuple[str, ...]:
        """The host names by which documents speak of it: its own, or else the full one of the mesh."""
        return self.hosts or (full_host(self.name),)

    def port(self, number: int | None = None, *, is_udp: bool = False) -> Port | None:
        """The port with this number; without a number the first one.

        TCP and UDP have numbers of their own: of two ports with the same one, that of UDP if it is wanted.
        """
        if number is None:
            return self.ports[0] if self.ports else None
        found = [port for port in self.ports if port.number == number]
        return next((port for port in found if port.is_udp == is_udp), found[0] if found else None)

    def subset(self, name: str) -> Subset | None:
        """The subset with this name."""
        return next((subset for subset in self.subsets if subset.name == name), None)

"""Services: what can be called, on which ports, in which versions, and where it is right now."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from tulle.model.documents import Origin
from tulle.model.names import Name
from tulle.model.policies import Policy
from tulle.model.security import Rule


class Protocol(StrEnum):
    """What is spoken on a port."""

    HTTP = "http"
    """HTTP/1.1 to the application; between proxies it travels as HTTP/2."""
    HTTP2 = "http2"
    """Cleartext HTTP/2 with prior knowledge."""
    GRPC = "grpc"
    TCP = "tcp"
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Port:
    """A port of a service, as callers name it. Where an instance really listens is the agent's choice."""

    name: str
    number: int
    protocol: Protocol = Protocol.HTTP


@dataclass(frozen=True, slots=True, kw_only=True)
class Subset:
    """A named part of the endpoints: those with all of these labels."""

    name: str
    labels: tuple[tuple[str, str], ...]
    policy: Policy | None = None
    """Replaces the policy of the service, if given."""


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

    @property
    def is_meshed(self) -> bool:
        """Whether sidecars stand before its instances."""
        return not self.addresses

    def port(self, number: int | None = None) -> Port | None:
        """The port with this number; without a number the first one."""
        if number is None:
            return self.ports[0] if self.ports else None
        return next((port for port in self.ports if port.number == number), None)

    def subset(self, name: str) -> Subset | None:
        """The subset with this name."""
        return next((subset for subset in self.subsets if subset.name == name), None)

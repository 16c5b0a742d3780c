"""What an HTTP filter is to us: where it stands, when it is in a chain, and what a route can ask of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum, IntEnum, auto
from typing import NamedTuple, TypeAlias

from envoy.extensions.filters.network.http_connection_manager.v3 import http_connection_manager_pb2
from google.protobuf import message

from tulle.envoy import protos
from tulle.model.extensions import Direction
from tulle.model.guards import Guard
from tulle.model.listeners import Entrance
from tulle.model.mesh import Settings
from tulle.model.routes import RouteRule
from tulle.model.services import Port

HttpFilter: TypeAlias = http_connection_manager_pb2.HttpFilter
Placed: TypeAlias = HttpFilter | tuple[HttpFilter, ...] | None
"""What a filter is in one chain: it stands there once, several times in this order, or not at all."""


class Phase(IntEnum):
    """Order within a chain; within a phase filters are ordered by name."""

    INTAKE = 5
    """Bring requests into the form that everything else expects."""
    DISCOVER = 10
    """Find out what the request is for."""
    ANSWER = 11
    """What browsers ask before a request, and without what the request itself brings: nobody authorizes that."""
    CONSULT = 12
    """External authorizers of policies; before tokens are looked at, as in Istio."""
    PLUGIN_AUTHN = 14
    AUTHENTICATE = 16
    """Tokens."""
    PLUGIN_AUTHZ = 18
    AUTHORIZE = 20
    LIMIT = 30
    PLUGIN_STATS = 35
    EXPERIMENT = 40
    """Faults: after everything that may refuse, so that only requests which would be answered are disturbed."""
    STEPS = 45
    """What routers do, in their own order."""
    STEER = 50
    """Choose the endpoint."""
    PLUGIN = 90
    """Plugins that do not care where they stand."""
    FORWARD = 100
    """The router; nothing comes after it."""


class Side(Enum):
    """Which chain of which proxy."""

    OUTBOUND = auto()
    """Calls of the application, at its sidecar."""
    CONNECT = auto()
    """The same, within a CONNECT tunnel."""
    INBOUND = auto()
    """Calls to the application, at its sidecar."""
    GATEWAY = auto()

    @property
    def has_rules(self) -> bool:
        """Whether route rules of the user decide there."""
        return self is not Side.INBOUND

    @property
    def guards(self) -> bool:
        """Whether requests come from others there, so that they may be refused."""
        return self in {Side.INBOUND, Side.GATEWAY}

    @property
    def direction(self) -> Direction:
        """What documents call it."""
        return Direction.SERVER if self.guards else Direction.CLIENT

    @property
    def is_lazy(self) -> bool:
        """Whether routes are fetched when they are first asked for."""
        return self in {Side.OUTBOUND, Side.CONNECT}


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """What a filter may look at to decide whether it is needed."""

    side: Side
    settings: Settings
    guard: Guard | None = None
    """What policies say about the workload, or the gateway, whose proxy this is."""
    port: Port | None = None
    """Inbound and at a gateway: the port that is called."""
    clusters: tuple[tuple[str, str], ...] = ()
    """Where those are found whom the proxy itself asks to enforce the guard (`tulle.envoy.consulted`)."""

    owner: str = ""
    """By what its slots are named: a listener with a port. Empty: it has none, filters stand in it themselves."""

    entrance: Entrance | None = None
    """At an entry point of routers: how it reads requests."""
    is_encrypted: bool = False
    """At the gateway: whether clients speak TLS."""

    def cluster(self, key: str) -> str:
        """The cluster of somebody to be asked; empty if there is none."""
        return dict(self.clusters).get(key, "")


class Slot(NamedTuple):
    """A place in chains whose filters are delivered beside the listener (`tulle.envoy.slots`)."""

    name: str
    filters: tuple[HttpFilter, ...]
    is_standing: bool = True
    """False: only older connections have it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """One HTTP filter of Envoy."""

    name: str
    phase: Phase
    place: Callable[[Chain], Placed]
    """As it stands in a chain; None where it is not needed. Every name is that of the filter, or begins with it."""
    slots: Callable[[Chain], Iterable[Slot]] | None = None
    """Its slots, if it must change for connections that are open, too."""
    ask: Callable[[RouteRule], message.Message | None] | None = None
    """What a route rule wants of it, if anything; None if no rule ever wants something."""
    ask_several: Callable[[RouteRule], Mapping[str, message.Message]] | None = None
    """The same of what is several filters, by their names."""


def active(name: str, config: message.Message) -> HttpFilter:
    """A filter that every request of the chain passes."""
    return HttpFilter(name=name, typed_config=protos.packed(config))


def dormant(name: str, config: message.Message) -> HttpFilter:
    """A filter that only stands there for requests whose route asks for it.

    Routes come and go without the listener; a filter that came with them would change the listener and drain its
    connections. A dormant filter is not even created for the other requests: one map look-up each. In chains whose
    routes are lazy it is the routes that turn it off (`registry.asleep`): whoever reads only this, reads `disabled`.
    """
    return HttpFilter(name=name, typed_config=protos.packed(config), disabled=True)

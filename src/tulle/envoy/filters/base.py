"""What an HTTP filter is to us: where it stands, when it is in a chain, and what a route can ask of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, IntEnum, auto
from typing import TypeAlias

from envoy.extensions.filters.network.http_connection_manager.v3 import http_connection_manager_pb2
from google.protobuf import message

from tulle.envoy import protos
from tulle.model.mesh import Settings
from tulle.model.routes import RouteRule
from tulle.model.services import Port, Service

HttpFilter: TypeAlias = http_connection_manager_pb2.HttpFilter


class Phase(IntEnum):
    """Order within a chain; within a phase filters are ordered by name."""

    DISCOVER = 10
    """Find out what the request is for."""
    ANSWER = 15
    """What browsers ask before a request, and without what the request itself brings: nobody authorizes that."""
    AUTHORIZE = 20
    LIMIT = 30
    EXPERIMENT = 40
    """Faults: after everything that may refuse, so that only requests which would be answered are disturbed."""
    STEER = 50
    """Choose the endpoint."""
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """What a filter may look at to decide whether it is needed."""

    side: Side
    settings: Settings
    service: Service | None = None
    """Inbound only: the service that is guarded."""
    port: Port | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """One HTTP filter of Envoy."""

    name: str
    phase: Phase
    place: Callable[[Chain], HttpFilter | None]
    """As it stands in a chain; None where it is not needed."""
    ask: Callable[[RouteRule], message.Message | None] | None = None
    """What a route rule wants of it, if anything; None if no rule ever wants something."""


def active(name: str, config: message.Message) -> HttpFilter:
    """A filter that every request of the chain passes."""
    return HttpFilter(name=name, typed_config=protos.packed(config))


def dormant(name: str, config: message.Message) -> HttpFilter:
    """A filter that only stands there for requests whose route asks for it.

    Routes come and go without the listener; a filter that came with them would change the listener and drain its
    connections. A dormant filter is not even created for the other requests: one map look-up each.
    """
    return HttpFilter(name=name, typed_config=protos.packed(config), disabled=True)

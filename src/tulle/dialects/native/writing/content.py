"""What native documents are to say, in the terms of the model: everything joined, attached, put in order."""

from __future__ import annotations

from dataclasses import dataclass, field

from tulle.model.documents import Origin
from tulle.model.extensions import Scope, Telemetry
from tulle.model.listeners import Listener
from tulle.model.mesh import Settings
from tulle.model.names import Name
from tulle.model.policies import Policy
from tulle.model.routes import RouteRule, StreamRule
from tulle.model.security import AccessPolicy, Authorizer, PeerAuthentication, RequestAuthentication
from tulle.model.services import Entry, Service
from tulle.model.workloads import Template, Workload

PortPolicies = tuple[tuple[int, Policy], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A service with all that is said about it."""

    service: Service
    """Without destinations: what they say is its policy, its subsets, and `port_policies`."""
    port_policies: PortPolicies = ()
    rules: tuple[RouteRule, ...] = ()
    """For calls to it, the first to be tried first."""
    streams: tuple[StreamRule, ...] = ()
    workloads: tuple[Workload, ...] = ()
    """Those that are run for it."""
    is_declared: bool = True
    """Whether anybody says how it is run or where it is; otherwise it is only spoken of."""
    origins: tuple[Origin, ...] = ()
    """Of everything that speaks of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """The rules for some hosts at some listeners, or for calls of workloads to some hosts."""

    namespace: str
    hosts: tuple[str, ...]
    listeners: tuple[str, ...] = ()
    """Empty: all that speak HTTP."""
    is_mesh: bool = False
    rules: tuple[RouteRule, ...] = ()
    """The first to be tried first."""
    is_free: bool = False
    """Whether the most specific one wins, as usual, so that their order says nothing."""
    streams: tuple[StreamRule, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Entrance:
    """A listener with the rules for its connections."""

    listener: Listener
    streams: tuple[StreamRule, ...] = ()
    origins: tuple[Origin, ...] = ()
    """Of other listeners that it stands for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """All of it."""

    settings: Settings = field(default_factory=Settings)
    authorizers: tuple[Authorizer, ...] = ()
    entrances: tuple[Entrance, ...] = ()
    routes: tuple[Placed, ...] = ()
    offers: tuple[Offer, ...] = ()
    workloads: tuple[Workload, ...] = ()
    """Those that belong to no service."""
    entries: tuple[Entry, ...] = ()
    access: tuple[AccessPolicy, ...] = ()
    tokens: tuple[RequestAuthentication, ...] = ()
    peers: tuple[PeerAuthentication, ...] = ()
    scopes: tuple[Scope, ...] = ()
    logging: tuple[Telemetry, ...] = ()
    templates: tuple[Template, ...] = ()
    """Of what nobody runs here: they are written as comments."""
    unusable: tuple[Entrance, ...] = ()
    """Listeners that do not listen, as something is wrong with them: they are written as comments."""
    unattached: tuple[Placed, ...] = ()
    """Routes that nothing takes: they are written as comments."""
    lost: tuple[tuple[Origin, str], ...] = ()
    """What no native document can say, and where it was written."""


Key = tuple[str, Name]
"""Kind and name of a part that is written."""

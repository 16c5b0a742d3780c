"""All of it: what the mesh should be, indexed by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tulle.model.documents import BUILT_IN, Origin
from tulle.model.findings import Finding
from tulle.model.listeners import Listener
from tulle.model.names import CLUSTER_DOMAIN, Name
from tulle.model.routes import RouteSet
from tulle.model.services import Service
from tulle.model.workloads import Workload


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, weakref_slot=True)
class Settings:
    """What holds for the whole mesh. Compared and hashed by identity."""

    origin: Origin = BUILT_IN
    trust_domain: str = CLUSTER_DOMAIN
    allow_outside: bool = True
    """Whether workloads may call hosts that the mesh does not know."""
    certificate_lifetime: float = 24 * 3600.0
    """Seconds; certificates are renewed after half of it."""
    gateway_concurrency: int = 0
    """Worker threads of the gateway; 0: one per core."""
    sidecar_concurrency: int = 1
    access_log: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, weakref_slot=True)
class Fragment:
    """What one document says."""

    settings: Settings | None = None
    services: tuple[Service, ...] = ()
    workloads: tuple[Workload, ...] = ()
    listeners: tuple[Listener, ...] = ()
    routes: tuple[RouteSet, ...] = ()
    findings: tuple[Finding, ...] = ()

    @property
    def is_usable(self) -> bool:
        """Whether it may replace an older version of the same document."""
        return not any(finding.is_error for finding in self.findings)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, weakref_slot=True)
class Mesh:
    """The desired state, complete and checked: every reference in it can be resolved, or is noted in `findings`."""

    settings: Settings = field(default_factory=Settings)
    services: Mapping[Name, Service] = field(default_factory=dict)
    workloads: Mapping[Name, Workload] = field(default_factory=dict)
    listeners: Mapping[Name, Listener] = field(default_factory=dict)
    gateway_routes: tuple[RouteSet, ...] = ()
    """In the order in which they were read."""
    service_routes: Mapping[Name, tuple[RouteSet, ...]] = field(default_factory=dict)
    """Rules of the mesh, by the service that is called."""
    findings: tuple[Finding, ...] = ()

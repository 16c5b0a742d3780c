"""All of it: what the mesh should be, indexed by name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from tulle.kit.quick import quick
from tulle.model.documents import BUILT_IN, Origin
from tulle.model.extensions import (
    EnvoyPatches,
    LogProvider,
    MeshDefaults,
    PathNormalization,
    ProxySettings,
    Scope,
    Telemetry,
    WasmPlugin,
)
from tulle.model.findings import Finding
from tulle.model.guards import Guard
from tulle.model.listeners import Listener
from tulle.model.names import CLUSTER_DOMAIN, Name
from tulle.model.objects import (
    BackendTls,
    ConfigMap,
    Gateway,
    GatewayClass,
    Grant,
    ListenerSet,
    Namespace,
    Secret,
    SharedCertificates,
)
from tulle.model.observing import Observing
from tulle.model.providers import Provider
from tulle.model.resolvers import CertificateResolver
from tulle.model.routers import (
    Blend,
    Core,
    EdgeState,
    EntryPoint,
    Failover,
    KeyPair,
    Mirroring,
    Pool,
    Precedence,
    Router,
    Steps,
    TlsOptions,
    Transport,
)
from tulle.model.routes import RouteSet
from tulle.model.security import AccessPolicy, Authorizer, PeerAuthentication, RequestAuthentication
from tulle.model.services import Destination, Entry, Places, Service
from tulle.model.statuses import ObjectKey, Status
from tulle.model.workloads import Template, Workload


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, weakref_slot=True)
class Settings:
    """What holds for the whole mesh. Compared and hashed by identity."""

    origin: Origin = BUILT_IN
    trust_domain: str = CLUSTER_DOMAIN
    trust_domain_aliases: tuple[str, ...] = ()
    """Other trust domains whose identities count as the same ones of this."""
    allow_outside: bool = True
    """Whether workloads may call hosts that the mesh does not know."""
    certificate_lifetime: float = 24 * 3600.0
    """Seconds; certificates are renewed after half of it."""
    gateway_concurrency: int = 0
    """Worker threads of the gateway; 0: one per core."""
    sidecar_concurrency: int = 1
    access_log: bool = False
    logger: LogProvider | None = None
    """Where and how every request is logged, if not as Envoy does it by itself."""
    loggers: tuple[LogProvider, ...] = ()
    """Other places, which documents name."""
    default_loggers: tuple[str, ...] = ()
    """Which of them is meant by a document that names none; empty: `logger`."""
    trusted_proxies: int = 0
    """How many proxies in front of the gateway say truly who the client is (`X-Forwarded-For`)."""
    path_normalization: PathNormalization = PathNormalization.BASE
    """Of sidecars; the gateway does all of it."""
    root_namespace: str = "istio-system"
    """Policies in it hold for the whole mesh (Istio's root namespace)."""
    gateway_labels: tuple[tuple[str, str], ...] = (("app", "istio-ingressgateway"), ("istio", "ingressgateway"))
    """What selectors find the gateway by, in the root namespace."""
    ingress_port: int = 8080
    """Where all Ingresses are served."""
    ingress_tls_port: int = 8443


Object: TypeAlias = (
    AccessPolicy | Authorizer | BackendTls | Blend | CertificateResolver | ConfigMap | Core | Destination | Entry
    | EntryPoint | EnvoyPatches | Failover | Gateway | GatewayClass | Grant | KeyPair | ListenerSet
    | LogProvider | MeshDefaults | Mirroring | Namespace | Observing | PeerAuthentication | Places | Pool
    | Precedence | Provider | ProxySettings | RequestAuthentication | Router | Scope | Secret | SharedCertificates
    | Steps | Telemetry | Template | TlsOptions | Transport | WasmPlugin
)  # fmt: skip


@quick
@dataclass(frozen=True, slots=True, kw_only=True, eq=False, weakref_slot=True)
class Fragment:
    """What one document says."""

    settings: Settings | None = None
    services: tuple[Service, ...] = ()
    workloads: tuple[Workload, ...] = ()
    listeners: tuple[Listener, ...] = ()
    routes: tuple[RouteSet, ...] = ()
    declared: tuple[Service, ...] = ()
    """Services that say nothing of how they run; one that is run here under the same name is the same service."""
    objects: tuple[Object, ...] = ()
    """Everything that has no meaning before it is put together with others."""
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
    host_routes: Mapping[str, tuple[RouteSet, ...]] = field(default_factory=dict)
    """Rules of the mesh for hosts that are not named like services of it; `*.example.org` and `*` included."""
    hosts: Mapping[str, tuple[Name, ...]] = field(default_factory=dict)
    """Services by the hosts that they say themselves (`Service.hosts`), and by virtual addresses: several if each is
    for other namespaces; which of them is meant, `envoy.scope.owner` says."""
    guards: Mapping[Name, Guard] = field(default_factory=dict)
    """By workload."""
    gateway_guard: Guard | None = None
    gateway_guards: Mapping[Name, Guard] = field(default_factory=dict)
    """Instead, for gateways that enforce something else: by what `Listener.gateway` names."""
    secrets: Mapping[Name, Secret] = field(default_factory=dict)
    config_maps: Mapping[Name, ConfigMap] = field(default_factory=dict)
    tokens: Mapping[Name, RequestAuthentication] = field(default_factory=dict)
    """Policies about tokens as they were written; guards have them with the keys that are known."""
    statuses: Mapping[ObjectKey, Status] = field(default_factory=dict)
    """What became of objects whose specification demands a status."""
    providers: Mapping[Name, Provider] = field(default_factory=dict)
    """Where more documents are to be fetched from."""
    resolvers: Mapping[Name, CertificateResolver] = field(default_factory=dict)
    """Who gets certificates for the hosts of routers that name them."""
    edge: EdgeState | None = None
    """What became of routers; None if there are none."""
    findings: tuple[Finding, ...] = ()

    def guard_of(self, gateways: Iterable[Name | None]) -> Guard | None:
        """What is enforced at a socket of these gateways: what is different at the first of them, or the usual."""
        known = (self.gateway_guards.get(each) for each in gateways if each is not None)
        return next((each for each in known if each is not None), self.gateway_guard)

    @property
    def all_gateway_guards(self) -> tuple[Guard, ...]:
        """What is enforced anywhere at the gateway."""
        usual = () if self.gateway_guard is None else (self.gateway_guard,)
        return tuple(dict.fromkeys((*usual, *self.gateway_guards.values())))

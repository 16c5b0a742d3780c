"""What goes beyond routing: who sees what, what is logged, and changes to Envoy's own configuration."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from tulle.model.documents import BUILT_IN, Origin
from tulle.model.names import Name
from tulle.model.policies import ConnectionPool
from tulle.model.security import Target

Labels = tuple[tuple[str, str], ...]


class PathNormalization(StrEnum):
    """What sidecars make of paths before anything is compared with them (Istio `pathNormalization`)."""

    NONE = "none"
    BASE = "base"
    """`/a/../b` is `/b`, `\\` is `/` (RFC 3986)."""
    MERGE_SLASHES = "merge_slashes"
    """`//` is `/`, too."""
    DECODE_AND_MERGE_SLASHES = "decode_and_merge_slashes"
    """`%2F` and `%5C` are `/`, too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ingress:
    """A port that the sidecar of a workload takes calls on, said by a document (Istio Sidecar `ingress`)."""

    origin: Origin
    port: int
    protocol: str
    application: str = ""
    """Where the application is: `127.0.0.1:8080` or the absolute path of a Unix socket."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, weakref_slot=True)
class Scope:
    """What the workloads of a namespace may see of the mesh (Istio Sidecar). Compared by identity."""

    name: Name
    origin: Origin
    selector: Labels = ()
    hosts: tuple[tuple[str, str], ...] | None = None
    """Namespace (`*`, `.`, `~` or its name) and host (`*`, `*.example.org` or a full name); None: everything."""
    is_registry_only: bool | None = None
    """Whether hosts that the mesh does not know are refused; None: as the mesh says."""
    ingress: tuple[Ingress, ...] = ()
    inbound_pool: ConnectionPool | None = None
    selector_origin: Origin | None = None
    """Where the selector was written, if not where it begins."""
    host_origins: tuple[tuple[tuple[str, str], Origin], ...] = ()
    """Where single hosts were written."""


class Direction(StrEnum):
    """Which side of a proxy something is about."""

    ANY = "any"
    CLIENT = "client"
    """Calls of the workload."""
    SERVER = "server"
    """Calls to the workload, and requests at a gateway."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessLogging:
    """Whether and where requests are logged."""

    direction: Direction = Direction.ANY
    is_disabled: bool = False
    providers: tuple[str, ...] = ()
    filter: str = ""
    """CEL expression over the attributes of the request; empty: every request."""
    origin: Origin = field(default=BUILT_IN, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, weakref_slot=True)
class Telemetry:
    """What some workloads tell about their requests (Istio Telemetry). Compared by identity."""

    name: Name
    origin: Origin
    selector: Labels = ()
    targets: tuple[Target, ...] = ()
    access_logging: tuple[AccessLogging, ...] = ()
    selector_origin: Origin | None = None
    """Where the selector was written, if not where it begins."""


class PatchPlace(StrEnum):
    """Which resource, or part of one, a patch changes; the words are Istio's `applyTo`."""

    LISTENER = "LISTENER"
    FILTER_CHAIN = "FILTER_CHAIN"
    NETWORK_FILTER = "NETWORK_FILTER"
    HTTP_FILTER = "HTTP_FILTER"
    ROUTE_CONFIGURATION = "ROUTE_CONFIGURATION"
    VIRTUAL_HOST = "VIRTUAL_HOST"
    HTTP_ROUTE = "HTTP_ROUTE"
    CLUSTER = "CLUSTER"
    EXTENSION_CONFIG = "EXTENSION_CONFIG"
    BOOTSTRAP = "BOOTSTRAP"
    LISTENER_FILTER = "LISTENER_FILTER"


class PatchOperation(StrEnum):
    """How; the words are Istio's."""

    MERGE = "MERGE"
    ADD = "ADD"
    REMOVE = "REMOVE"
    INSERT_BEFORE = "INSERT_BEFORE"
    INSERT_AFTER = "INSERT_AFTER"
    INSERT_FIRST = "INSERT_FIRST"
    REPLACE = "REPLACE"
    MERGE_AND_REPLACE_LIST = "MERGE_AND_REPLACE_LIST"
    """Like MERGE, but lists that are given replace those that are there."""


class FilterClass(StrEnum):
    """Where in the chain a filter is added; the words are Istio's."""

    UNSPECIFIED = "UNSPECIFIED"
    AUTHN = "AUTHN"
    """After the filters that authenticate."""
    AUTHZ = "AUTHZ"
    """After the filters that authorize."""
    STATS = "STATS"
    """Before the filters that count."""


class PatchContext(StrEnum):
    """In which proxies; the words are Istio's."""

    ANY = "ANY"
    SIDECAR_INBOUND = "SIDECAR_INBOUND"
    SIDECAR_OUTBOUND = "SIDECAR_OUTBOUND"
    GATEWAY = "GATEWAY"


@dataclass(frozen=True, slots=True, kw_only=True)
class PatchMatch:
    """Which of the resources; what is empty does not matter."""

    port: int = 0
    listener: str = ""
    listener_filter: str = ""
    filter_chain: str = ""
    server_name: str = ""
    transport_protocol: str = ""
    application_protocols: tuple[str, ...] = ()
    destination_port: int = 0
    network_filter: str = ""
    http_filter: str = ""
    route_configuration: str = ""
    gateway: str = ""
    """`namespace/name` of the gateway that a route configuration is of."""
    port_name: str = ""
    """Name of the port of the gateway that a route configuration is of."""
    virtual_host: str = ""
    domain: str = ""
    route: str = ""
    route_action: str = ""
    cluster: str = ""
    service: str = ""
    subset: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patch:
    """One change to what was compiled."""

    origin: Origin
    place: PatchPlace
    operation: PatchOperation
    context: PatchContext = PatchContext.ANY
    match: PatchMatch = PatchMatch()
    value: str = ""
    """The message in Envoy's JSON; canonical, so that equal patches are equal texts."""
    filter_class: FilterClass = FilterClass.UNSPECIFIED


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, weakref_slot=True)
class EnvoyPatches:
    """Changes to the configuration of some proxies (Istio EnvoyFilter). Compared by identity."""

    name: Name
    origin: Origin
    selector: Labels = ()
    targets: tuple[Target, ...] = ()
    priority: int = 0
    patches: tuple[Patch, ...] = ()
    created: str = ""
    selector_origin: Origin | None = None
    """Where the selector was written, if not where it begins."""


class PluginPhase(StrEnum):
    """Where in the chain a plugin stands; the words are Istio's."""

    UNSPECIFIED = "UNSPECIFIED_PHASE"
    AUTHN = "AUTHN"
    AUTHZ = "AUTHZ"
    STATS = "STATS"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, weakref_slot=True)
class WasmPlugin:
    """A WebAssembly module in the chain of some proxies, from a local file. Compared by identity."""

    name: Name
    origin: Origin
    file: str
    """Absolute path on the hosts of the proxies."""
    selector: Labels = ()
    targets: tuple[Target, ...] = ()
    phase: PluginPhase = PluginPhase.UNSPECIFIED
    priority: int = 0
    plugin_name: str = ""
    configuration: str = ""
    """JSON."""
    fails_open: bool = False
    environment: Labels = ()
    host_environment: tuple[str, ...] = ()
    """Names of variables of the proxy that it sees."""
    direction: Direction = Direction.ANY
    ports: tuple[int, ...] = ()
    selector_origin: Origin | None = None
    """Where the selector was written, if not where it begins."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, weakref_slot=True)
class ProxySettings:
    """Of some proxies themselves (Istio ProxyConfig). Compared by identity."""

    name: Name
    origin: Origin
    selector: Labels = ()
    concurrency: int | None = None
    environment: Labels = ()
    selector_origin: Origin | None = None
    """Where the selector was written, if not where it begins."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, weakref_slot=True)
class LogProvider:
    """A place that requests can be logged to, by a name (Istio `envoyFileAccessLog`). Compared by identity."""

    name: str
    origin: Origin
    file: str = "/dev/stdout"
    text: str = ""
    """Format of a line, in Envoy's commands."""
    labels: str = ""
    """Instead: JSON of a mapping whose values have Envoy's commands; `{}` for the usual ones. Neither: Envoy's line."""
    omits_empty: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, weakref_slot=True)
class MeshDefaults:
    """What a document of another language says about the whole mesh (Istio MeshConfig); None where it says nothing.

    What the native settings say counts more. Compared by identity.
    """

    name: Name
    origin: Origin
    trust_domain: str | None = None
    root_namespace: str | None = None
    allow_outside: bool | None = None
    access_log: LogProvider | None = None
    """Where every request is logged; a `file` that is empty: nowhere."""
    log_providers: tuple[str, ...] = ()
    """Where requests are logged if a policy that asks for logging names nobody."""
    sidecar_concurrency: int | None = None
    trusted_proxies: int | None = None
    """How many proxies before the gateway say truly who the client is (`X-Forwarded-For`)."""
    path_normalization: PathNormalization | None = None

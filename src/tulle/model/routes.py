"""Which request goes where."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING

from tulle.kit.quick import quick
from tulle.model.conditions import Condition, Conjunction
from tulle.model.documents import Origin
from tulle.model.names import Name
from tulle.model.observing import TOLD, Told
from tulle.model.policies import Fault, HashOn, RateLimit, Retry

if TYPE_CHECKING:
    from tulle.model.steps import Step


class PathKind(StrEnum):
    """How a path is compared."""

    EXACT = "exact"
    PREFIX = "prefix"
    """By whole segments: `/cart` matches `/cart` and `/cart/1`, not `/carton` (Gateway API `PathPrefix`)."""
    TEXT_PREFIX = "text_prefix"
    """By characters: `/cart` matches `/carton` too (Istio `prefix`)."""
    REGEX = "regex"
    """RE2, over the whole path."""


class ValueKind(StrEnum):
    """How the value of a header or a query parameter is compared."""

    EXACT = "exact"
    PREFIX = "prefix"
    SUFFIX = "suffix"
    CONTAINS = "contains"
    REGEX = "regex"
    PRESENT = "present"


@quick
@dataclass(frozen=True, slots=True)
class PathMatch:
    """A condition on the path, without the query."""

    kind: PathKind
    value: str
    ignore_case: bool = False


@dataclass(frozen=True, slots=True)
class ValueMatch:
    """A condition on one header or query parameter."""

    name: str
    kind: ValueKind
    value: str = ""
    invert: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Which workloads a condition is about; decided when their proxies are configured, not per request."""

    namespace: str = ""
    labels: tuple[tuple[str, str], ...] = ()


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """Conditions that must all hold; an empty one matches every request."""

    path: PathMatch | None = None
    methods: tuple[str, ...] = ()
    headers: tuple[ValueMatch, ...] = ()
    """Of `:scheme` and `:authority` too, by these names."""
    query: tuple[ValueMatch, ...] = ()
    claims: tuple[ValueMatch, ...] = ()
    """Claims of a verified token, by their path joined with `/` (Istio `@request.auth.claims`)."""
    ports: tuple[int, ...] = ()
    """Ports that were called, as the caller (or the gateway's document) names them; empty: any."""
    source: Source | None = None
    """Of which workloads; None: any, gateways included."""
    stat_prefix: str = ""
    """Counts these requests apart, under this name; no condition."""
    conditions: tuple[Condition, ...] = ()
    """Further ones, as routers have them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeaderChanges:
    """Set replaces, add appends, remove deletes; in this order of the fields' names, removal last.

    Values may hold commands of Envoy (`%REQ(x-user)%`); the character itself is `%%`.
    """

    set: tuple[tuple[str, str], ...] = ()
    add: tuple[tuple[str, str], ...] = ()
    remove: tuple[str, ...] = ()


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Backend:
    """A place that requests are sent to, with its share of them."""

    service: Name
    host: str = ""
    """Full host name, if it is none of the cluster domain: the service is the one that says so (`Service.hosts`)."""
    port: int | None = None
    """The first port of the service if not given."""
    subset: str | None = None
    weight: int = 1
    """Relative to the sum of its siblings; 0 keeps it known but idle."""
    origin: Origin
    request_headers: HeaderChanges | None = None
    """For the requests that go to this one."""
    response_headers: HeaderChanges | None = None
    host_rewrite: str | None = None
    """The Host that this one sees."""
    port_name: str = ""
    """The port by its name, instead of its number."""
    is_udp: bool = False
    """Whether the number is one of UDP, where the service has the same one for TCP."""
    referrer: Referrer | None = None
    """Who refers to it, if a reference into another namespace needs a grant there."""
    problem: str = ""
    """Why it can never be used, in a sentence: a kind that nobody knows. Its share of the requests is answered as if it
    did not exist."""
    problem_reason: str = ""
    """The same in the words of Gateway API conditions: `InvalidKind`."""
    answer: Redirect | Respond | None = None
    """What its share of the requests gets instead: the service is only named."""
    fallbacks: tuple[Backend, ...] = ()
    """Who takes its share while all of its endpoints are ill, the first that is well."""
    is_failover: bool = False
    """Whether requests that nobody is left for are answered `Service Unavailable`."""
    steps: tuple[Step, ...] = ()
    """What is done with its share, after what is done with all requests."""
    stays: Stay | None = None
    """How clients stay with one of its endpoints."""
    shows_own_host: bool = False
    """Whether its endpoints see their own host (`Endpoint.hostname`) instead of the one that was asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stay:
    """A cookie by which clients stay with an endpoint, set whenever one is chosen."""

    cookie: str
    attributes: str
    """What follows the value: `; Path=/`."""
    places: tuple[Seat, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """An endpoint with which clients stay."""

    hostname: str
    """As `Endpoint.hostname`."""
    address: str
    """IP address and port; empty if only names are known."""
    value: str
    """Of the cookie."""
    old_values: tuple[str, ...] = ()
    """Other ones that mean it, too."""


@dataclass(frozen=True, slots=True)
class Referrer:
    """The kind of object that refers to another one across namespaces."""

    group: str
    kind: str
    namespace: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewrite:
    """Changes to the request on its way; at most one of the path forms."""

    prefix: str | None = None
    """Replaces the matched prefix (or the whole exact path)."""
    path: str | None = None
    """Replaces the whole path."""
    regex: tuple[str, str] | None = None
    """RE2 pattern and substitution on the path."""
    host: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Mirror:
    """A copy of a percentage of the requests, whose answers nobody waits for."""

    backend: Backend
    percent: float = 100.0
    keeps_host: bool = False
    """Whether the copy has the Host of the request; otherwise `-shadow` follows it."""


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Forward:
    """Send the request to one of the backends, by weight."""

    backends: tuple[Backend, ...]
    rewrite: Rewrite | None = None
    timeout: float | None = None
    """Seconds for the whole answer; None or 0: no limit."""
    idle_timeout: float | None = None
    """Seconds in which nothing comes or goes; None: as the listener says, 0: no limit."""
    retry: Retry | None = None
    """None: the default of the mesh, which only repeats what is safe."""
    mirrors: tuple[Mirror, ...] = ()
    hash_on: tuple[HashOn, ...] = ()
    """What decides among endpoints, for this route; empty: as the policy of the backend says."""
    session: Session | None = None
    is_by_client: bool = False
    """Whether the client decides about the share, by what `hash_on` says of it, and not chance."""
    status_without_backends: int = 503
    """How requests are answered whose backend does not exist (Gateway API demands 500)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A client stays with the endpoint that it had first (Gateway API `sessionPersistence`)."""

    cookie: str = ""
    header: str = ""
    """Exactly one of the two."""
    lifetime: float | None = None
    """Seconds for which the cookie lives; None: as long as the session of the browser."""
    path: str = "/"


class RedirectPort(StrEnum):
    """Which port a redirect points to when it names none."""

    KEEP = "keep"
    """None: that of the scheme, as the client sees it."""
    BY_SCHEME = "by_scheme"
    """80 or 443, by the scheme of the redirect; without a new scheme the port of the listener (Gateway API)."""
    REQUEST = "request"
    """That of the request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Redirect:
    """Answer with the place where the client should ask; parts that are not given stay as they were."""

    scheme: str | None = None
    host: str | None = None
    port: int | None = None
    port_from: RedirectPort = RedirectPort.KEEP
    path: str | None = None
    prefix: str | None = None
    """Replaces the matched prefix."""
    status: int = 301


@dataclass(frozen=True, slots=True, kw_only=True)
class Respond:
    """Answer at once, from the proxy."""

    status: int
    body: str | bytes = ""
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Delegate:
    """Let the rules of another set decide, within the conditions of this one (Istio `delegate`)."""

    to: Name
    origin: Origin
    defaults: Forward | None = None
    """What holds for its rules where they say nothing of it themselves; as all else that the delegating rule says."""


Action = Forward | Redirect | Respond | Delegate


@dataclass(frozen=True, slots=True, kw_only=True)
class Cors:
    """Which pages of other origins may read the answers (Fetch standard)."""

    origins: tuple[ValueMatch, ...] = ()
    """Conditions on the `Origin` header; their names are empty."""
    methods: tuple[str, ...] = ()
    """`*` for any."""
    headers: tuple[str, ...] = ()
    expose: tuple[str, ...] = ()
    max_age: float | None = None
    """Seconds for which an answer to a preflight request may be remembered."""
    credentials: bool | None = None
    forwards_unmatched: bool = True
    """Whether a preflight request of an unknown origin is sent on; otherwise the proxy answers it, without consent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExternalCheck:
    """Ask another service whether a request may pass (Envoy's external authorization)."""

    backend: Backend
    is_grpc: bool = False
    """Envoy's gRPC protocol instead of plain HTTP."""
    path_prefix: str = ""
    """Before the path of the request, for HTTP."""
    request_headers: tuple[str, ...] = ()
    """Headers of the request that the service sees; with gRPC empty means all."""
    response_headers: tuple[str, ...] = ()
    """Headers of its consent that the application sees."""
    refusal_headers: tuple[str, ...] = ()
    """Headers of its refusal that the client sees; empty: all."""
    consent_headers: tuple[str, ...] = ()
    """Headers of its consent that the client sees."""
    added_headers: tuple[tuple[str, str], ...] = ()
    """Headers that the service sees beside those of the request."""
    timeout: float = 10.0
    fails_open: bool = False
    """Whether requests pass when the service cannot be asked."""
    refusal_status: int = 403
    """The answer when it cannot be asked."""
    max_body: int = 0
    """Bytes of the body that the service sees; 0 for none."""
    allows_partial_body: bool = False
    packs_raw_body: bool = False
    reroutes: bool = False
    """Whether the route is looked for again after its consent, with the headers that it added."""


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class RouteRule:
    """One rule: requests that match any of `matches` get `action`."""

    name: str
    origin: Origin
    matches: tuple[Match, ...]
    action: Action
    request_headers: HeaderChanges | None = None
    response_headers: HeaderChanges | None = None
    fault: Fault | None = None
    rate_limit: RateLimit | None = None
    cors: Cors | None = None
    check: ExternalCheck | None = None
    """Who is asked before the request is sent on."""
    steps: tuple[Step, ...] = ()
    """What is done with requests on their way, in this order; with answers, in the opposite one."""
    counted_as: str = ""
    """By which name its steps count: together with those of other rules that have it. Empty: the own one."""
    is_split: bool = False
    """Whether its requests, or others that are counted with them, come by several routes of a proxy."""
    is_default: bool = False
    """Whether it only counts where no other rule for the host matches, of whatever document (Ingress)."""
    told: Told = TOLD
    """What is told of its requests."""


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class StreamMatch:
    """Conditions on a connection; an empty one matches every connection."""

    server_names: tuple[str, ...] = ()
    """SNI, `*.example.org` included; with any given, only connections with TLS match."""
    subnets: tuple[str, ...] = ()
    """Addresses that were called, as CIDR."""
    ports: tuple[int, ...] = ()
    source: Source | None = None
    gateways: tuple[Name, ...] = ()
    clients: tuple[str, ...] = ()
    """Addresses that connections come from, as CIDR; empty: any."""
    protocols: tuple[str, ...] = ()
    """That clients offer (ALPN), of which one is enough; empty: any."""
    conditions: Conjunction = ()
    """Of routers: all of them must hold. Rules with conditions are tried in the order of their listeners."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamRule:
    """Connections that match any of `matches` go to one of the backends, by weight."""

    name: str
    origin: Origin
    matches: tuple[StreamMatch, ...]
    backends: tuple[Backend, ...]
    steps: tuple[Step, ...] = ()
    """Of routers: what is done before the first byte is passed on."""


class AttachKind(StrEnum):
    """What routes can be attached to."""

    GATEWAY = "gateway"
    SERVICE = "service"
    """Calls to a service from workloads of the mesh (Gateway API, GAMMA)."""


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Parent:
    """Where routes ask to be attached. Whether they may is decided by what they attach to."""

    kind: AttachKind
    name: Name
    """Of the gateway (as `Listener.gateway`), or of the service."""
    section: str = ""
    """One listener of the gateway, by `Listener.section`; empty: all that fit."""
    port: int | None = None
    """Only listeners (or the port of the service) with this port."""
    origin: Origin
    reference: tuple[tuple[str, str], ...] = ()
    """As it was written (`kind`, `name`, …), for the status of the object."""


class RouteKind(StrEnum):
    """The kinds of routes that a listener may admit, by the names that Gateway API gives them."""

    HTTP = "HTTPRoute"
    GRPC = "GRPCRoute"
    TLS = "TLSRoute"
    TCP = "TCPRoute"
    UDP = "UDPRoute"


@quick
@dataclass(frozen=True, slots=True, kw_only=True, eq=False, weakref_slot=True)
class RouteSet:
    """The rules of one document for some hosts. Compared and hashed by identity."""

    name: Name
    origin: Origin
    hosts: tuple[str, ...] = ()
    """Host names of the gateway, `*.example.org` and `*` included; unused when `service` is set."""
    listeners: tuple[str, ...] = ()
    """Names of the gateway listeners it is attached to; empty: all that speak HTTP."""
    listeners_origin: Origin | None = None
    """Where they were written, if not where the routes begin."""
    service: Name | None = None
    """Set: these are rules of the mesh, for calls to this service from any workload."""
    rules: tuple[RouteRule, ...] = ()
    by_specificity: bool = True
    """Whether the most specific match wins (Gateway API); otherwise the first that is written (Istio)."""
    parents: tuple[Parent, ...] = ()
    """What it asks to be attached to; empty: `listeners`, `service` and `mesh_hosts` already say it."""
    kind: RouteKind = RouteKind.HTTP
    streams: tuple[StreamRule, ...] = ()
    """Instead of `rules`: for connections (TCP, TLS that is not ended here, UDP)."""
    mesh_hosts: tuple[str, ...] = ()
    """Set: rules of the mesh for these hosts, `*.example.org` included, which are no services of the mesh itself."""
    service_port: int | None = None
    """With `service`: only for calls to this port."""
    exports: tuple[str, ...] = ("*",)
    """Namespaces whose workloads they are for: `*` for all, `.` for their own."""
    drops_unknown: bool = False
    """Whether backends that do not exist are left out, so that the others get their share; otherwise it is refused."""
    is_delegate: bool = False
    """Whether it only counts where another set delegates to it."""
    is_complete: bool = False
    """Of rules of the mesh, whether they are all there is: calls that no rule matches are answered 404; otherwise they
    reach the service that was called."""
    created: str = ""
    """`metadata.creationTimestamp`, if there is one: of equal rules the older counts."""
    priority: int | None = None
    """Set: of all sets with one the greatest is tried first, whatever its hosts; those without come last."""
    host_origins: tuple[tuple[str, Origin], ...] = ()
    """Where single hosts were written, if not where the routes begin."""

    def host_origin(self, host: str) -> Origin:
        """Where a host was written."""
        return dict(self.host_origins).get(host, self.origin)


def specificity(match: Match) -> tuple[int, int, int, int, int, int]:
    """How specific a match is; the greater wins.

    Gateway API v1 HTTPRouteRule precedence: exact path, then longest prefix, then a method, then the number of
    headers, then of query parameters. What it leaves open: a regular expression ranks with the prefix that every path
    it fits begins with, right before that prefix itself; claims count as headers.
    """
    path = match.path
    if path is None:
        exact, length, pattern = 0, 1, 0
    elif path.kind is PathKind.REGEX:
        exact, length, pattern = 0, len(certain_prefix(path.value)), 1
    else:
        exact, length, pattern = int(path.kind is PathKind.EXACT), len(path.value) or 1, 0
    return exact, length, pattern, int(bool(match.methods)), len(match.headers) + len(match.claims), len(match.query)


@lru_cache(4096)
def certain_prefix(pattern: str) -> str:
    """The text that every path begins with which an RE2 pattern fits, as far as it is plain to see; at least `/`."""
    if "|" in pattern or pattern.startswith("(?"):
        return "/"
    parts: list[str] = []
    for character in _PATTERN_PARTS.finditer(pattern.removeprefix("^")):
        plain, quantifier, other = character.groups()
        if other or (quantifier and quantifier in "*?{"):
            break
        parts.append(plain[-1])
        if quantifier:
            break
    return "".join(parts) or "/"


_PATTERN_PARTS = re.compile(r"(\\[^0-9A-Za-z]|[^\\.^$*+?()\[\]{}|])([*+?{]?)|(.)", re.DOTALL)
"""A character that stands for itself, and how often; or anything else."""

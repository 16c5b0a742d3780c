"""Which request goes where."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from tulle.model.documents import Origin
from tulle.model.names import Name
from tulle.model.policies import Fault, RateLimit, Retry


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
class Match:
    """Conditions that must all hold; an empty one matches every request."""

    path: PathMatch | None = None
    methods: tuple[str, ...] = ()
    headers: tuple[ValueMatch, ...] = ()
    query: tuple[ValueMatch, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class HeaderChanges:
    """Set replaces, add appends, remove deletes; in this order of the fields' names, removal last."""

    set: tuple[tuple[str, str], ...] = ()
    add: tuple[tuple[str, str], ...] = ()
    remove: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Backend:
    """A place that requests are sent to, with its share of them."""

    service: Name
    port: int | None = None
    """The first port of the service if not given."""
    subset: str | None = None
    weight: int = 1
    """Relative to the sum of its siblings; 0 keeps it known but idle."""
    origin: Origin


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Forward:
    """Send the request to one of the backends, by weight."""

    backends: tuple[Backend, ...]
    rewrite: Rewrite | None = None
    timeout: float | None = None
    """Seconds for the whole answer; None or 0: no limit."""
    retry: Retry | None = None
    """None: the default of the mesh, which only repeats what is safe."""
    mirrors: tuple[Mirror, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Redirect:
    """Answer with the place where the client should ask; parts that are not given stay as they were."""

    scheme: str | None = None
    host: str | None = None
    port: int | None = None
    path: str | None = None
    prefix: str | None = None
    """Replaces the matched prefix."""
    status: int = 301


@dataclass(frozen=True, slots=True, kw_only=True)
class Respond:
    """Answer at once, from the proxy."""

    status: int
    body: str = ""
    headers: tuple[tuple[str, str], ...] = ()


Action = Forward | Redirect | Respond


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


def specificity(match: Match) -> tuple[int, int, int, int, int]:
    """How specific a match is; the greater wins.

    Gateway API v1 HTTPRouteRule precedence: exact path, then longest prefix (a regular expression ranks with the
    prefix of its length), then a method, then the number of headers, then of query parameters.
    """
    path = match.path
    exact = int(path is not None and path.kind is PathKind.EXACT)
    length = len(path.value) if path is not None else 0
    return exact, length, int(bool(match.methods)), len(match.headers), len(match.query)

"""What the specifications say about routes, read without a look at the compiler: one request after the other, naively.

Gateway API v1: of all matches of all routes that a request fits, one wins by a list of criteria. Istio: the first
match that is written and fits. And random rules and requests to ask about.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from random import Random

from tests.envoy.kitchen import HERE, prefix, rule
from tulle.model.names import Name
from tulle.model.routes import (
    Match,
    PathKind,
    PathMatch,
    Redirect,
    RedirectPort,
    Respond,
    RouteRule,
    RouteSet,
    ValueKind,
    ValueMatch,
)


@dataclass(frozen=True)
class Request:
    """What a client asks."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    headers: tuple[tuple[str, str], ...] = ()

    @property
    def target(self) -> str:
        """Path and query, as they are sent."""
        return self.path + ("?" + "&".join(f"{name}={value}" for name, value in self.query) if self.query else "")


@dataclass(frozen=True)
class Candidate:
    """A match that a request fits, with everything that the precedence of Gateway API asks about."""

    rule: RouteRule
    match: Match
    created: str
    owner: str

    @property
    def path(self) -> PathMatch:
        return self.match.path or PathMatch(PathKind.PREFIX, "/")

    @property
    def is_exact(self) -> bool:
        return self.path.kind is PathKind.EXACT

    @property
    def characters(self) -> int:
        """Of its prefix. Of an expression, which the specification leaves open: those before its first sign."""
        if self.path.kind is PathKind.REGEX:
            return len(re.split(r"[\[.(]", self.path.value)[0])
        return len(self.path.value)


def winner(sets: Iterable[RouteSet], request: Request) -> str:
    """The rule that decides, by Gateway API; empty if there is none."""
    left = [
        Candidate(each, match, one.created, f"{one.name.namespace}/{one.name.name}")
        for one in sets
        for each in one.rules
        for match in each.matches
        if fits(match, request)
    ]
    criteria: tuple[Callable[[Candidate], int], ...] = (
        lambda each: each.is_exact,
        lambda each: each.characters,
        lambda each: each.path.kind is PathKind.REGEX,
        lambda each: bool(each.match.methods),
        lambda each: len(each.match.headers),
        lambda each: len(each.match.query),
    )
    for criterion in criteria:
        best = max(map(criterion, left), default=0)
        left = [each for each in left if criterion(each) == best]
    oldest = min((each.created for each in left if each.created), default="")
    left = [each for each in left if each.created == oldest]
    first = min((each.owner for each in left), default="")
    return next((each.rule.name for each in left if each.owner == first), "")


def first(route_set: RouteSet, request: Request) -> str:
    """The rule that decides, by Istio; empty if there is none."""
    return next((each.name for each in route_set.rules if any(fits(match, request) for match in each.matches)), "")


def fits(match: Match, request: Request) -> bool:
    """Whether everything holds that a match says."""
    return (
        (match.path is None or path_fits(match.path, request.path))
        and (not match.methods or request.method in match.methods)
        and all(value_fits(each, dict(request.headers)) for each in match.headers)
        and all(value_fits(each, dict(request.query)) for each in match.query)
    )


def path_fits(condition: PathMatch, path: str) -> bool:
    """Whether a path is what is wanted."""
    wanted = condition.value
    if condition.ignore_case:
        wanted, path = wanted.lower(), path.lower()
    match condition.kind:
        case PathKind.EXACT:
            return path == wanted
        case PathKind.PREFIX:
            elements = [each for each in wanted.split("/") if each]
            return path.split("/")[1:][: len(elements)] == elements
        case PathKind.TEXT_PREFIX:
            return path.startswith(wanted)
        case PathKind.REGEX:
            return re.fullmatch(wanted, path) is not None


def value_fits(condition: ValueMatch, values: dict[str, str]) -> bool:
    """Whether a header or parameter is what is wanted."""
    value = values.get(condition.name)
    match condition.kind:
        case _ if value is None:
            holds = False
        case ValueKind.EXACT:
            holds = value == condition.value
        case ValueKind.PREFIX:
            holds = value.startswith(condition.value)
        case ValueKind.SUFFIX:
            holds = value.endswith(condition.value)
        case ValueKind.CONTAINS:
            holds = condition.value in value
        case ValueKind.REGEX:
            holds = re.fullmatch(condition.value, value) is not None
        case ValueKind.PRESENT:
            holds = True
    return holds != condition.invert


PATHS = ("/", "/a", "/a/", "/a/b", "/a/b/c", "/ab", "/A", "/a/B", "/b", "/b/a", "/c.d")
EXPRESSIONS = ("/a/[a-z]+", "/.*", "/a/b.*", "/[ab](/.*)?", "/b/.")
METHODS = ("GET", "POST", "PUT", "DELETE")
VALUES = ("1", "2", "12", "21")
GATEWAY_KINDS = (PathKind.EXACT, PathKind.PREFIX, PathKind.PREFIX, PathKind.REGEX)
ISTIO_KINDS = (PathKind.EXACT, PathKind.TEXT_PREFIX, PathKind.TEXT_PREFIX, PathKind.REGEX)
DATES = ("", "2023-01-01T00:00:00Z", "2024-01-01T00:00:00Z")
NAMES = (Name("a", "b"), Name("a", "c"), Name("b", "a"), Name("default", "shop"))


def some_request(random: Random) -> Request:
    """A request that has a chance to fit something."""
    query = tuple((name, random.choice(VALUES)) for name in ("p", "q") if random.random() < 0.4)
    headers = tuple((name, random.choice(VALUES)) for name in ("x-a", "x-b") if random.random() < 0.5)
    return Request(random.choice(METHODS), random.choice(PATHS), query, headers)


def some_sets(random: Random, *hosts: str) -> tuple[RouteSet, ...]:
    """Several documents for one host, of Gateway API."""
    owners = random.sample(NAMES, random.randint(1, 3))
    return tuple(_set(random, hosts, owner, number) for number, owner in enumerate(owners))


def some_ordered_set(random: Random, *hosts: str) -> RouteSet:
    """One document in the order of its writer."""
    rules = tuple(_rule(random, f"r{number}", ISTIO_KINDS) for number in range(random.randint(1, 6)))
    return RouteSet(name=NAMES[0], origin=HERE, hosts=hosts, rules=rules, by_specificity=False)


def _set(random: Random, hosts: tuple[str, ...], owner: Name, number: int) -> RouteSet:
    rules = tuple(_rule(random, f"s{number}r{each}", GATEWAY_KINDS) for each in range(random.randint(1, 4)))
    return RouteSet(name=owner, origin=HERE, hosts=hosts, rules=rules, created=random.choice(DATES))


def _rule(random: Random, name: str, kinds: tuple[PathKind, ...]) -> RouteRule:
    matches = tuple(_match(random, kinds) for _ in range(random.randint(1, 3)))
    if random.random() < 0.2:
        to = Redirect(scheme="https", path=f"/{name}", port_from=RedirectPort.BY_SCHEME, status=308)
        return rule(name, to, *matches)
    return rule(name, Respond(status=200, body=name), *matches)


def _match(random: Random, kinds: tuple[PathKind, ...]) -> Match:
    if random.random() < 0.1:
        return prefix("/") if random.random() < 0.5 else Match()
    kind = random.choice(kinds)
    # Only Istio can ignore case.
    ignore_case = PathKind.TEXT_PREFIX in kinds and random.random() < 0.3
    path = PathMatch(kind, random.choice(EXPRESSIONS if kind is PathKind.REGEX else PATHS), ignore_case)
    return Match(
        path=path if random.random() < 0.8 else None,
        methods=tuple(random.sample(METHODS, random.randint(1, 2))) if random.random() < 0.3 else (),
        headers=tuple(_value(random, name) for name in ("x-a", "x-b") if random.random() < 0.3),
        query=tuple(_value(random, name) for name in ("p", "q") if random.random() < 0.2),
    )


def _value(random: Random, name: str) -> ValueMatch:
    kind = random.choice(tuple(ValueKind))
    value = {ValueKind.REGEX: "1.?", ValueKind.PRESENT: ""}.get(kind, random.choice(VALUES))
    return ValueMatch(name, kind, value, invert=random.random() < 0.2)

"""Rules as one caller sees them: without what is for other callers or other ports. Knows nothing of Envoy.

Which workload asks, and on which port, is known when its proxy is configured. What can never apply to it is left out
then, and nobody looks at it per request.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import compress

from tulle.kit.memo import remember
from tulle.model.routes import Match, RouteRule, RouteSet, Source, StreamMatch, StreamRule

Kept = tuple[tuple[bool, ...], ...]
"""For every rule (then for every rule for connections), which of its matches stay."""


def for_caller(
    route_set: RouteSet, namespace: str, labels: tuple[tuple[str, str], ...], port: int | None
) -> RouteSet | None:
    """The rules that can apply to a workload with these labels that calls this port; None if there are none.

    `port` is the one that was called, as `Match.ports` means it; None where there is only one. The result is the very
    same object if nothing is left out, and the same for all callers for whom the same is left out.
    """
    if route_set.service_port is not None and port is not None and port != route_set.service_port:
        return None
    if not _depends_on_caller(route_set):
        return route_set
    own = dict(labels)
    kept = tuple(tuple(_fits(match, namespace, own, port) for match in matches) for matches in _conditions(route_set))
    if all(map(all, kept)):
        return route_set
    return _narrowed(route_set, kept)


def _conditions(route_set: RouteSet) -> Iterator[tuple[Match, ...] | tuple[StreamMatch, ...]]:
    yield from (rule.matches for rule in route_set.rules)
    yield from (stream.matches for stream in route_set.streams)


@remember(size=1)
def _depends_on_caller(route_set: RouteSet) -> bool:
    return any(match.ports or match.source is not None for matches in _conditions(route_set) for match in matches)


@remember(size=64)
def _narrowed(route_set: RouteSet, kept: Kept) -> RouteSet | None:
    rules = tuple(_narrowed_rules(route_set.rules, kept))
    streams = tuple(_narrowed_streams(route_set.streams, kept[len(route_set.rules) :]))
    return replace(route_set, rules=rules, streams=streams) if rules or streams else None


def _narrowed_rules(rules: tuple[RouteRule, ...], kept: Kept) -> Iterator[RouteRule]:
    for rule, marks in zip(rules, kept, strict=False):
        if all(marks):
            yield rule
        elif any(marks):
            yield replace(rule, matches=tuple(compress(rule.matches, marks)))


def _narrowed_streams(rules: tuple[StreamRule, ...], kept: Kept) -> Iterator[StreamRule]:
    for rule, marks in zip(rules, kept, strict=False):
        if all(marks):
            yield rule
        elif any(marks):
            yield replace(rule, matches=tuple(compress(rule.matches, marks)))


def _fits(match: Match | StreamMatch, namespace: str, labels: Mapping[str, str], port: int | None) -> bool:
    if match.ports and port is not None and port not in match.ports:
        return False
    return match.source is None or _is_from(match.source, namespace, labels)


def _is_from(source: Source, namespace: str, labels: Mapping[str, str]) -> bool:
    if source.namespace and source.namespace != namespace:
        return False
    return all(labels.get(name) == value for name, value in source.labels)

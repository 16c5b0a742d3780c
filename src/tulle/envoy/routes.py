"""Rules to Envoy's routes, in the order in which they are tried."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from envoy.config.route.v3 import route_components_pb2

from tulle.envoy import actions, retries
from tulle.envoy.actions import Destinations
from tulle.envoy.filters import registry
from tulle.envoy.matches import is_unconditional, route_match
from tulle.model.routes import Forward, Match, RouteRule, RouteSet, specificity

Step = tuple[Match, RouteRule]
Rank = tuple[int, ...]
LAST: Rank = (-1,)


def in_order(sets: Iterable[RouteSet]) -> list[Step]:
    """Every condition with its rule, the first to be tried first.

    Sets in which the most specific match wins are one list, by specificity, then as read. A set whose order is the
    writer's keeps it; it is merged with the others by the most specific condition that it still holds.
    """
    open_lists: list[list[tuple[Rank, Step]]] = []
    free: list[Step] = []
    for route_set in sets:
        steps = [(match, rule) for rule in route_set.rules for match in rule.matches]
        if route_set.by_specificity:
            free.extend(steps)
        else:
            open_lists.append(_ranked(steps))
    if not open_lists:
        return sorted(free, key=_specificity, reverse=True)
    ordered_free = sorted(free, key=_specificity, reverse=True)
    open_lists.insert(0, [(_specificity(step), step) for step in ordered_free])
    return list(_merged(open_lists))


def compile_routes(steps: Iterable[Step], to: Destinations) -> list[route_components_pb2.Route]:
    """The routes of all rules, up to the first that fits every request."""
    compiled: list[route_components_pb2.Route] = []
    for match, rule in steps:
        compiled.extend(_compile(match, rule, to))
        if is_unconditional(match):
            break
    return compiled


def _compile(match: Match, rule: RouteRule, to: Destinations) -> Iterator[route_components_pb2.Route]:
    retry = rule.action.retry if isinstance(rule.action, Forward) else None
    wishes = registry.asked(rule)
    for variant in retries.variants(match, retry):
        message = actions.route(rule, match, variant.retry, to)
        message.match.CopyFrom(route_match(match, variant.methods))
        message.name = rule.name
        for name, config in wishes.items():
            message.typed_per_filter_config[name].CopyFrom(config)
        yield message


def _specificity(step: Step) -> Rank:
    return specificity(step[0])


def _ranked(steps: list[Step]) -> list[tuple[Rank, Step]]:
    """Steps in their own order, each with the rank of the most specific one that can still follow."""
    reachable = next((i + 1 for i, (match, _) in enumerate(steps) if is_unconditional(match)), len(steps))
    ranked = []
    best = LAST
    for step in reversed(steps[:reachable]):
        best = max(best, _specificity(step))
        ranked.append((best, step))
    return ranked[::-1]


def _merged(lists: list[list[tuple[Rank, Step]]]) -> Iterator[Step]:
    """Always the highest rank at the head of a list; of equals the list that was read first."""
    remaining = [each[::-1] for each in lists if each]
    while remaining:
        best = max(remaining, key=lambda each: each[-1][0])
        yield best.pop()[1]
        remaining = [each for each in remaining if each]

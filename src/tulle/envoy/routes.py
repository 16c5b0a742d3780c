"""Rules to Envoy's routes, in the order in which they are tried."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import TypeAlias

from envoy.config.route.v3 import route_components_pb2

from tulle.envoy import actions, protos, retries, told
from tulle.envoy.actions import Destinations
from tulle.envoy.attempts import Uncompilable
from tulle.envoy.filters import registry, steps
from tulle.envoy.matches import is_unconditional, route_match
from tulle.envoy.scope import LONGEST_HOST
from tulle.envoy.steps import operations
from tulle.model.routes import Backend, Forward, Match, Redirect, RouteRule, RouteSet, specificity
from tulle.model.steps import AskServer, ErrorPages
from tulle.model.steps import Step as Done

Route: TypeAlias = route_components_pb2.Route

HOPS = "X-Forwarded-For"
ASKING = (AskServer, ErrorPages)
"""Steps that name a service."""
Step = tuple[Match, RouteRule]
Rank = tuple[int, ...]
Age = tuple[str, str, str]
Standing = tuple[int, Age]
"""How widely the rules of a set are meant, and its age."""
Place = tuple[Rank, Standing]
"""Where a condition stands among all of them; the smallest is tried first."""
UNDATED = "~"
"""After every date."""


def in_order(sets: Iterable[RouteSet], is_last: Callable[[Match], bool] = is_unconditional) -> list[Step]:
    """Every condition with its rule, the first to be tried first.

    Sets in which the most specific match wins are one list, by specificity. A set whose order is the writer's keeps
    it; it is merged with the others by the most specific condition that it still holds. Of equals those for the very
    host count before those for wildcards, then those of the set that was created first, then those of the first set by
    namespace and name, then the first that was read.
    What follows a condition that `is_last` within an ordered set is never reached.
    Before all of these come the sets that have a priority, by that and nothing else.
    """
    sets = tuple(sets)
    first = [each for each in sets if each.priority is not None]
    if first:
        first.sort(key=lambda each: (-(each.priority or 0), each.name))
        rest = in_order([each for each in sets if each.priority is None], is_last)
        return [*((match, rule) for each in first for rule in each.rules for match in rule.matches), *rest]
    free: list[tuple[Place, Step]] = []
    ordered: list[tuple[Place, Step]] = []
    for route_set in sets:
        steps = [(match, rule) for rule in route_set.rules for match in rule.matches]
        standing = _width(route_set), age_of(route_set)
        if route_set.by_specificity:
            free.extend(((_rank(specificity(step[0])), standing), step) for step in steps)
        else:
            ordered.extend(((rank, standing), step) for rank, step in _ranked(steps, is_last))
    # Sorting keeps the order of equals, so that nothing within an ordered set changes places.
    return [step for _, step in sorted((*free, *ordered), key=_place)]


def age_of(route_set: RouteSet) -> Age:
    """What decides between equal conditions; the smallest comes first."""
    return route_set.created or UNDATED, route_set.name.namespace, route_set.name.name


def _width(route_set: RouteSet) -> int:
    """How widely rules of the mesh are meant: 0 for single hosts; of wildcards the longest is the narrowest."""
    lengths = [len(host) if "*" in host else LONGEST_HOST for host in route_set.mesh_hosts]
    return LONGEST_HOST - max(lengths, default=LONGEST_HOST)


def compile_routes(found: Iterable[Step], to: Destinations) -> list[Route]:
    """The routes of all rules, up to the first that fits every request."""
    compiled: list[Route] = []
    for match, rule in found:
        try:
            compiled.extend(_compile(match, rule, to))
        except Exception as error:
            raise Uncompilable(rule.origin) from error
        if is_unconditional(match):
            break
    return compiled


def _compile(match: Match, rule: RouteRule, to: Destinations) -> Iterator[Route]:
    wishes = registry.asked(_resolved(rule, to))
    for message in _actions(match, rule, to):
        message.name = rule.name
        told.mark(rule.told, message)
        if operations.hides_client(rule.steps):
            message.request_headers_to_remove.append(HOPS)
        for name, config in wishes.items():
            message.typed_per_filter_config[name].CopyFrom(config)
        _share_steps(rule, message, to)
        yield message


def _share_steps(rule: RouteRule, message: Route, to: Destinations) -> None:
    """Shares whose requests pass steps of their own, after those of all."""
    if not isinstance(rule.action, Forward) or not any(each.steps for each in rule.action.backends):
        return
    live = [each for each in rule.action.backends if each.weight > 0]
    rule = _resolved(rule, to)
    for backend, share in zip(live, message.route.weighted_clusters.clusters, strict=False):
        wishes = steps.wishes(rule, replace(backend, steps=_known(backend.steps, to)))
        for name, config in wishes.items():
            share.typed_per_filter_config[name].CopyFrom(protos.packed(config))


def _actions(match: Match, rule: RouteRule, to: Destinations) -> Iterator[Route]:
    """The routes of a rule and one of its matches: more than one where Envoy needs conditions of its own."""
    for part, percent in actions.shared_out(rule, to):
        for message in _done(match, part, to):
            if percent is not None:
                message.match.runtime_fraction.CopyFrom(protos.runtime_fraction(percent))
            yield message


def _done(match: Match, rule: RouteRule, to: Destinations) -> Iterator[Route]:
    if isinstance(rule.action, Redirect):
        for message in actions.redirects(rule, rule.action, match, to):
            message.match.MergeFrom(route_match(match))
            yield message
        return
    retry = rule.action.retry if isinstance(rule.action, Forward) else None
    for variant in retries.variants(match, retry):
        message = actions.route(rule, match, variant.retry, to)
        message.match.CopyFrom(route_match(match, variant.methods))
        yield message


def _resolved(rule: RouteRule, to: Destinations) -> RouteRule:
    """The rule with everything that its filters need to know of other services."""
    if rule.check is not None:
        rule = replace(rule, check=replace(rule.check, backend=_found(rule.check.backend, to)))
    if any(isinstance(each, ASKING) for each in rule.steps):
        rule = replace(rule, steps=_known(rule.steps, to))
    return rule


def _known(done: tuple[Done, ...], to: Destinations) -> tuple[Done, ...]:
    """Steps that know the clusters of those whom they ask."""
    return tuple(replace(each, backend=_found(each.backend, to)) if isinstance(each, ASKING) else each for each in done)


def _found(backend: Backend, to: Destinations) -> Backend:
    return replace(to.resolved(backend), subset=to.chosen(backend))


def _rank(found: tuple[int, ...]) -> Rank:
    """A specificity as something of which the smallest comes first."""
    return tuple(-each for each in found)


def _place(entry: tuple[Place, Step]) -> Place:
    return entry[0]


def _ranked(steps: list[Step], is_last: Callable[[Match], bool]) -> list[tuple[Rank, Step]]:
    """Steps in their own order, each with the rank of the most specific one that can still follow."""
    reachable = next((i + 1 for i, (match, _) in enumerate(steps) if is_last(match)), len(steps))
    ranked: list[tuple[Rank, Step]] = []
    for step in reversed(steps[:reachable]):
        own = _rank(specificity(step[0]))
        ranked.append((min(own, ranked[-1][0]) if ranked else own, step))
    return ranked[::-1]

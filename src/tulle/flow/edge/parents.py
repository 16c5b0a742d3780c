"""Routers that divide the requests of other routers further, under the conditions and steps of those. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from tulle.flow.edge.known import Lookup, shown
from tulle.model.conditions import Comparison, Condition, Conjunction, Subject
from tulle.model.routers import Router, Steps
from tulle.model.steps import AskServer, SetHeaders, Step

DEEPEST = 3
"""Levels of routers."""
LEVEL = 64
"""Bits of the priorities of one level: those of the levels below only decide between equals."""


def placed(router: Router, lookup: Lookup) -> tuple[Router, ...]:
    """The router with all that those above it say: once for each of its parents, itself if it has none."""
    return tuple(_placed(router, lookup, 1))


def at_top(priority: int) -> int:
    """The priority of what has no parents, among all levels."""
    return priority << LEVEL * (DEEPEST - 1)


def _placed(router: Router, lookup: Lookup, depth: int) -> Iterator[Router]:
    if not router.parents:
        yield _turning(replace(router, priority=at_top(router.priority)), router, lookup)
        return
    if depth == DEEPEST:
        lookup.wrong(router.parents[0], f"routers are below each other on more than {DEEPEST} levels")
        return
    for each in router.parents:
        parent = lookup.router(each)
        if parent is None:
            continue
        if parent.service is not None:
            name = shown(parent.name, lookup.home.namespace)
            lookup.wrong(each, f'router "{name}" has a service, so that it is the parent of none')
            continue
        for above in _placed(parent, lookup, depth + 1):
            yield _turning(_below(router, above, lookup), router, lookup)


def _below(router: Router, above: Router, lookup: Lookup) -> Router:
    own = tuple(_known(router.alternatives, _set_headers(above, lookup)))
    both = tuple(tuple(dict.fromkeys((*one, *two))) for one in above.alternatives for two in own)
    return replace(
        router,
        entry_points=above.entry_points,
        alternatives=both,
        hosts=_hosts(above.hosts, router.hosts),
        named=above.named,
        steps=(*above.steps, *router.steps),
        turns=above.turns,
        tls=above.tls,
        priority=above.priority + (router.priority << LEVEL * (DEEPEST - 1 - _level(above))),
        parents=(),
    )


def _turning(placed: Router, router: Router, lookup: Lookup) -> Router:
    """A router that divides requests: those below it are asked about what its servers made of them."""
    own = (step for each in router.steps for step in _all(lookup.known.steps.get(each.name), lookup, 0))
    if router.service is None and any(isinstance(step, AskServer) and _changes(step) for step in own):
        return replace(placed, turns=(*placed.turns, len(placed.steps)))
    return placed


def _changes(step: AskServer) -> bool:
    return bool(step.consent_headers or step.consent_pattern)


def _level(router: Router) -> int:
    """How many levels its priority speaks of."""
    spoken = [bool(router.priority & ((1 << LEVEL) - 1) << LEVEL * each) for each in reversed(range(DEEPEST))]
    return max((index + 1 for index, is_said in enumerate(spoken) if is_said), default=1)


def _hosts(one: tuple[str, ...] | None, two: tuple[str, ...] | None) -> tuple[str, ...] | None:
    if one is None or two is None:
        return two if one is None else one
    return tuple(host for host in one if host in two)


def _set_headers(above: Router, lookup: Lookup) -> dict[str, str]:
    """Headers that requests have by the steps of a router, whatever clients and servers that are asked say."""
    found: dict[str, str] = {}
    for each in above.steps:
        steps = lookup.known.steps.get(each.name)
        for step in _all(steps, lookup, 0):
            if isinstance(step, SetHeaders):
                found.update((name.lower(), value) for name, value in step.request)
            elif isinstance(step, AskServer):
                said = [*found] if step.consent_pattern else [name.lower() for name in step.consent_headers]
                for name in said:
                    found.pop(name, None)
    return found


def _all(steps: Steps | None, lookup: Lookup, depth: int) -> Iterator[Step]:
    if steps is None or depth > DEEPEST:
        return
    yield from steps.steps
    for each in steps.parts:
        yield from _all(lookup.known.steps.get(each.name), lookup, depth + 1)


def _known(alternatives: Iterable[Conjunction], headers: dict[str, str]) -> Iterator[Conjunction]:
    """What is left of conditions where some headers are known."""
    for conditions in alternatives:
        left = [each for each in conditions if not _is_about(each, headers)]
        if all(_holds(each, headers) for each in conditions if _is_about(each, headers)):
            yield tuple(left)


def _is_about(condition: Condition, headers: dict[str, str]) -> bool:
    is_exact = condition.comparison is Comparison.EXACT
    return condition.subject is Subject.HEADER and is_exact and condition.name in headers


def _holds(condition: Condition, headers: dict[str, str]) -> bool:
    return (headers[condition.name] == condition.value) is not condition.is_negated

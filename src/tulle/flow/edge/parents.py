"""Routers that divide the requests of other routers further, under the conditions and steps of those. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from tulle.flow.edge import foreseen
from tulle.flow.edge.known import Lookup, shown
from tulle.model.conditions import Condition, Conjunction
from tulle.model.routers import Router, Steps
from tulle.model.steps import Step

DEEPEST = 3
"""Levels of routers."""
MOST = 1024
"""Alternatives of a router with those above it."""
STEPS_WITHIN = 16
"""Steps in steps."""
LEVEL = 65
"""Bits of the priorities of one level: those of the levels below only decide between equals."""
LEAST = 1 << 63
"""Is added to the priorities of the levels below, which may be less than nothing: they come before their parents."""


def placed(router: Router, lookup: Lookup) -> tuple[Router, ...]:
    """The router with all that those above it say: once for each of its parents, itself if it has none."""
    return tuple(_placed(router, lookup, 1))


def at_top(priority: int) -> int:
    """The priority of what has no parents, among all levels."""
    return priority << LEVEL * (DEEPEST - 1)


def _placed(router: Router, lookup: Lookup, depth: int) -> Iterator[Router]:
    if not router.parents:
        yield replace(router, priority=at_top(router.priority))
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
            yield _below(router, above, lookup)


def _below(router: Router, above: Router, lookup: Lookup) -> Router:
    own = tuple(_left(router, above, lookup))
    if len(above.alternatives) * len(own) > MOST:
        sentence = f"its rule and those above it have more than {MOST} alternatives, multiplied out"
        lookup.impossible(router.origin, f"{sentence}; make several routers of it")
        own = ()
    both = tuple(tuple(dict.fromkeys((*one, *two))) for one in above.alternatives for two in own)
    return replace(
        router,
        entry_points=above.entry_points,
        alternatives=both,
        hosts=_hosts(above.hosts, router.hosts),
        named=above.named,
        steps=(*above.steps, *router.steps),
        tls=above.tls,
        priority=above.priority + (router.priority + LEAST << LEVEL * (DEEPEST - 1 - _level(above))),
        parents=(),
    )


def _level(router: Router) -> int:
    """How many levels its priority speaks of."""
    spoken = [bool(router.priority & ((1 << LEVEL) - 1) << LEVEL * each) for each in reversed(range(DEEPEST))]
    return max((index + 1 for index, is_said in enumerate(spoken) if is_said), default=1)


def _hosts(one: tuple[str, ...] | None, two: tuple[str, ...] | None) -> tuple[str, ...] | None:
    if one is None or two is None:
        return two if one is None else one
    return tuple(host for host in one if host in two)


def _left(router: Router, above: Router, lookup: Lookup) -> Iterator[Conjunction]:
    """What is left of the conditions of a router below the steps of those above it."""
    ways = _ways(above, lookup)
    for conditions in router.alternatives:
        found = [(each, _outcome(each, ways, router, lookup)) for each in conditions]
        if not any(holds is False for _, holds in found):
            yield tuple(each for each, holds in found if holds is None)


def _outcome(condition: Condition, ways: list[list[Step]], router: Router, lookup: Lookup) -> bool | None:
    try:
        outcomes = {foreseen.outcome(condition, steps) for steps in ways}
        if len(outcomes) == 1:
            return outcomes.pop()
    except foreseen.Unforeseeable:
        pass
    sentence = f"its rule asks for {foreseen.asked(condition)}, which middlewares of a router above it change"
    lookup.impossible(router.origin, f"{sentence}; here routers are chosen before that is done")
    return None


def _ways(above: Router, lookup: Lookup) -> list[list[Step]]:
    """The steps that are above a router: once for each entry point that has some of its own."""
    names = {each.name for each in above.entry_points}
    points = [each for name, each in lookup.known.points.items() if name in names or not names]
    before = dict.fromkeys((each.steps for each in points), None) or {(): None}
    return [
        [step for each in (*first, *above.steps) for step in _all(lookup.known.steps.get(each.name), lookup, 0)]
        for first in before
    ]


def _all(steps: Steps | None, lookup: Lookup, depth: int) -> Iterator[Step]:
    if steps is None or depth > STEPS_WITHIN:
        return
    yield from steps.steps
    for each in steps.parts:
        yield from _all(lookup.known.steps.get(each.name), lookup, depth + 1)

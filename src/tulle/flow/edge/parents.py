"""Routers that divide the requests of other routers further, under the conditions and steps of those. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from tulle.flow.edge import foreseen
from tulle.flow.edge.known import Lookup, shown
from tulle.model.conditions import Comparison, Condition, Conjunction, Subject
from tulle.model.routers import Router, Steps
from tulle.model.steps import AskServer, Step

DEEPEST = 3
"""Levels of routers."""
MOST = 1024
"""Alternatives of a router with those above it."""
STEPS_WITHIN = 16
"""Steps in steps."""
RANK = 6
"""Bits of the rank of a provider, which decides between routers of equal priority."""
LEVEL = 65 + RANK
"""Bits of the priorities of one level: those of the levels below only decide between equals."""
LEAST = 1 << 63
"""Is added to the priorities of the levels below, which may be less than nothing: they come before their parents."""
TURNED = 1 << LEVEL * DEEPEST
"""More than any priority of a router, of those whose requests are already divided."""


def placed(router: Router, lookup: Lookup) -> tuple[Router, ...]:
    """The router with all that those above it say: once for each of its parents, itself if it has none.

    One whose steps change what is asked of requests is there once more, for what no router below it wants.
    """
    found = tuple(_placed(router, lookup, 1))
    left = (_after(each) for each in found if _turns(each))
    return (*found, *left)


def at_top(priority: int, rank: int = 0) -> int:
    """The priority of what has no parents, among all levels."""
    return _standing(priority, rank) << LEVEL * (DEEPEST - 1)


def _standing(priority: int, rank: int) -> int:
    return (priority << RANK) + rank


def _placed(router: Router, lookup: Lookup, depth: int) -> Iterator[Router]:
    if not router.parents:
        top = replace(router, priority=at_top(router.priority, lookup.rank(router)))
        yield _turning(top, router, lookup)
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
    own = tuple(_left(router, above, lookup))
    above = _after(above) if _turns(above) else above
    if len(above.alternatives) * len(own) > MOST:
        sentence = f"its rule and those above it have more than {MOST} alternatives, multiplied out"
        lookup.impossible(router.origin, f"{sentence}; make several routers of it")
        own = ()
    both = tuple(tuple(dict.fromkeys((*one, *two))) for one in above.alternatives for two in own)
    standing = _standing(router.priority + LEAST, lookup.rank(router))
    return replace(
        router,
        entry_points=above.entry_points,
        alternatives=both,
        hosts=_hosts(above.hosts, router.hosts),
        named=above.named,
        steps=(*above.steps, *router.steps),
        turns=above.turns,
        tls=above.tls,
        priority=above.priority + (standing << LEVEL * (DEEPEST - 1 - _level(above))),
        parents=(),
    )


def _turning(placed: Router, router: Router, lookup: Lookup) -> Router:
    """A router that divides requests: those below it are asked about what its steps made of them."""
    own = (step for each in router.steps for step in _all(lookup.known.steps.get(each.name), lookup, 0))
    if router.service is None and any(map(_changes, own)):
        return replace(placed, turns=(*placed.turns, (len(placed.steps), _turn(router))))
    return placed


def _changes(step: Step) -> bool:
    if isinstance(step, AskServer):
        return bool(step.consent_headers or step.consent_pattern)
    return isinstance(step, foreseen.PATHS)


def _turn(router: Router) -> str:
    return f"{router.name.name}{router.name.namespace}"


def _turns(placed: Router) -> bool:
    return bool(placed.turns) and placed.turns[-1][1] == _turn(placed)


def _after(placed: Router) -> Router:
    """What holds once its steps are done; nothing else is for these requests."""
    turn = Condition(Subject.TURN, Comparison.EXACT, _turn(placed))
    return replace(placed, alternatives=((turn,),), priority=placed.priority + TURNED)


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
    """The steps above a router since the route was last looked for: at first once for each entry point with some."""
    if above.turns:
        done, _ = above.turns[-1]
        return [[step for each in above.steps[done:] for step in _all(lookup.known.steps.get(each.name), lookup, 0)]]
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

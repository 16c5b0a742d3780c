"""Routers that divide the requests of other routers further, under the conditions and steps of those. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from tulle.flow.edge.known import Lookup, shown
from tulle.model.conditions import Comparison, Condition, Conjunction, Subject
from tulle.model.routers import Router, Steps
from tulle.model.steps import (
    AddPrefix,
    AskServer,
    ReplacePath,
    ReplacePattern,
    SetHeaders,
    Step,
    StripPattern,
    StripPrefix,
)

DEEPEST = 3
"""Levels of routers."""
LEVEL = 64
"""Bits of the priorities of one level: those of the levels below only decide between equals."""
TURNED = 1 << LEVEL * DEEPEST
"""More than any priority of a router, of those whose requests are already divided."""


def placed(router: Router, lookup: Lookup) -> tuple[Router, ...]:
    """The router with all that those above it say: once for each of its parents, itself if it has none.

    One whose steps change what is asked of requests is there once more, for what no router below it wants.
    """
    found = tuple(_placed(router, lookup, 1))
    left = (_after(each) for each in found if _turns(each))
    return (*found, *left)


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
    has_turned = _turns(above)
    above = _after(above) if has_turned else above
    own = router.alternatives if has_turned else tuple(_known(router.alternatives, _set_headers(above, lookup)))
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
    """A router that divides requests: those below it are asked about what its steps made of them."""
    own = (step for each in router.steps for step in _all(lookup.known.steps.get(each.name), lookup, 0))
    if router.service is None and any(map(_changes, own)):
        return replace(placed, turns=(*placed.turns, (len(placed.steps), _turn(router))))
    return placed


def _changes(step: Step) -> bool:
    if isinstance(step, AskServer):
        return bool(step.consent_headers or step.consent_pattern)
    return isinstance(step, AddPrefix | StripPrefix | StripPattern | ReplacePath | ReplacePattern)


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


def _set_headers(above: Router, lookup: Lookup) -> dict[str, str]:
    """Headers that requests have by the steps of a router, whatever clients send."""
    found: dict[str, str] = {}
    for each in above.steps:
        steps = lookup.known.steps.get(each.name)
        for step in _all(steps, lookup, 0):
            if isinstance(step, SetHeaders):
                found.update((name.lower(), value) for name, value in step.request)
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

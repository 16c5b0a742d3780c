"""A router with everything that it names, as a set of routes. Pure, one router at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial

from tulle.flow.edge.forwarding import Variant, rules, variants
from tulle.flow.edge.known import Key, Known, Lookup, shown
from tulle.flow.edge.places import plain_listener, tls_listener
from tulle.model.findings import Finding
from tulle.model.names import Name
from tulle.model.routers import EntryPoint, Reference, Router
from tulle.model.routes import RouteSet
from tulle.model.steps import RefuseEscapes, Step

DEEPEST = 16
"""Steps in steps, and routers in routers."""


@dataclass(frozen=True, slots=True)
class Joined:
    """What became of a router."""

    routes: tuple[RouteSet, ...] = ()
    """One for each entry point that has steps of its own."""
    findings: tuple[Finding, ...] = ()
    asked: frozenset[Key] = frozenset()
    """What it depends on."""
    points: tuple[EntryPoint, ...] = ()
    """Where its requests come in."""
    problems: tuple[str, ...] = ()
    """Why it is not used."""


def join(router: Router, known: Known, usual: tuple[EntryPoint, ...]) -> Joined:
    """Join a router; `usual` are the entry points of those that name none."""
    lookup = Lookup(known, router.name, router.origin.subject)
    points = points_of(router, lookup, usual)
    steps = list(steps_of(router.steps, lookup, ()))
    routes: tuple[RouteSet, ...] = ()
    if router.service is not None:
        targets = tuple(variants(router.service, lookup))
        routes = tuple(_routes(router, points, steps, targets, lookup))
    if not lookup.is_complete:
        routes = ()
    return Joined(
        routes,
        tuple(lookup.findings),
        frozenset(lookup.asked),
        points,
        tuple(each.message for each in lookup.findings if each.is_error),
    )


def points_of(router: Router, lookup: Lookup, usual: tuple[EntryPoint, ...]) -> tuple[EntryPoint, ...]:
    """Those that exist; one that does not is no reason to be nowhere."""
    if not router.entry_points:
        return usual
    found = []
    for each in router.entry_points:
        point = lookup.known.points.get(each.name)
        lookup.asked.add(("entry point", each.name))
        if point is None:
            names = ", ".join(sorted(name.name for name in lookup.known.points)) or "none"
            sentence = f'there is no entry point "{each.name.name}"; there are {names}'
            lookup.findings.append(Finding.warning(each.origin, f"{lookup.subject}: {sentence}"))
        else:
            found.append(point)
    if not found:
        lookup.wrong(router.entry_points[0], "none of its entry points exists")
    return tuple(found)


def steps_of(names: Iterable[Reference], lookup: Lookup, above: tuple[Name, ...]) -> Iterator[Step]:
    """The steps of these names, and what they are made of."""
    for each in names:
        if each.name in above or len(above) > DEEPEST:
            lookup.wrong(each, f'middleware "{shown(each.name, lookup.home.namespace)}" is part of itself')
            continue
        found = lookup.steps(each)
        if found is not None:
            yield from found.steps
            yield from steps_of(found.parts, lookup, (*above, each.name))


def _routes(
    router: Router, points: tuple[EntryPoint, ...], steps: list[Step], targets: tuple[Variant, ...], lookup: Lookup
) -> Iterator[RouteSet]:
    """The router at its entry points; one set for those that do the same."""
    groups: dict[tuple[Step, ...], list[str]] = {}
    for point in points:
        before = (*_refusals(point), *steps_of(point.steps, lookup, ()))
        has_tls = router.tls is not None or point.tls is not None
        place = tls_listener(point) if has_tls else plain_listener(point)
        groups.setdefault(before, []).append(place)
    for before, places in groups.items():
        resolve = partial(_resolved, lookup)
        found = tuple(each for target in targets for each in rules(router, (*before, *steps), target, resolve))
        yield RouteSet(
            name=router.name,
            origin=router.origin,
            hosts=router.hosts if router.hosts is not None else ("*",),
            listeners=tuple(places),
            rules=found,
            priority=router.priority,
        )


def _refusals(point: EntryPoint) -> tuple[Step, ...]:
    """What requests of an entry point must not have in their paths, once it is clear which router they are for."""
    escapes = point.entrance.refused_characters
    return (RefuseEscapes(escapes=escapes),) if escapes else ()


def _resolved(lookup: Lookup, names: Iterable[Reference]) -> tuple[Step, ...]:
    return tuple(steps_of(names, lookup, ()))


def below(router: Router, parent: Router) -> Router:
    """A router under the conditions and steps of its parent."""
    both = tuple(dict.fromkeys((*one, *two)) for one in parent.alternatives for two in router.alternatives)
    return replace(
        router,
        entry_points=parent.entry_points,
        alternatives=tuple(map(tuple, both)),
        steps=(*parent.steps, *router.steps),
        tls=parent.tls,
    )

"""A router with everything that it names, as a set of routes. Pure, one router at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain

from tulle.envoy.steps.operations import problem
from tulle.flow.edge import parents
from tulle.flow.edge.forwarding import OF_ROUTES, Variant, rules, told, variants
from tulle.flow.edge.known import ALL, Key, Known, Lookup, shown, usual_of
from tulle.flow.edge.places import plain_listener, tls_listener
from tulle.flow.edge.sending import sending
from tulle.model.findings import Finding
from tulle.model.names import Name
from tulle.model.routers import INTERNAL, EntryPoint, Reference, Router
from tulle.model.routes import Forward, Match, Respond, RouteRule, RouteSet
from tulle.model.steps import (
    ErrorPages,
    LimitConnections,
    LimitRate,
    RefuseEscapes,
    RouteAgain,
    SetHeaders,
    SignIn,
    Step,
    VerifyToken,
)

PING, NOOP = Name(INTERNAL, "ping"), Name(INTERNAL, "noop")
ANSWERS = {PING: Respond(status=200, body="OK"), NOOP: Respond(status=418)}
"""Services that the gateway answers for."""
UNTYPED = SetHeaders(answer=(("Content-Type", ""),))
"""An answer without a type."""
_AS_TEXT = (("content-type", "text/plain; charset=utf-8"), ("x-content-type-options", "nosniff"))
NOT_FOUND = Respond(status=404, body="404 page not found\n", headers=_AS_TEXT)
MISDIRECTED = Respond(status=421, body="Misdirected Request\n", headers=_AS_TEXT)
DEEPEST = 16
"""Steps in steps."""


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
    remarks: tuple[str, ...] = ()
    """What is wrong beside that."""


def join(router: Router, known: Known, usual: tuple[EntryPoint, ...]) -> Joined:
    """Join a router; `usual` are the entry points of those that name none."""
    lookup = Lookup(known, router.name, router.origin.subject)
    routes: list[RouteSet] = []
    points: dict[EntryPoint, None] = {}
    for placed in parents.placed(router, lookup):
        here = points_of(placed, lookup, usual)
        points.update(dict.fromkeys(here))
        routes += _joined(placed, here, lookup)
    return Joined(
        tuple(routes) if lookup.is_complete else (),
        tuple(lookup.findings),
        frozenset(lookup.asked),
        tuple(points),
        tuple(each.message for each in lookup.findings if each.is_error),
        tuple(each.message for each in lookup.findings if not each.is_error),
    )


def _joined(router: Router, points: tuple[EntryPoint, ...], lookup: Lookup) -> Iterator[RouteSet]:
    steps = list(_steps(router, lookup))
    lookup.asked.add(("child", router.name))
    if router.service is None and router.name not in lookup.known.divided:
        lookup.impossible(router.origin, "it names no service, and no router below it divides its requests")
        return
    # What nobody below it wants is for nobody.
    answer = NOT_FOUND if router.service is None else ANSWERS.get(router.service.name)
    if router.service is None or router.service.name == NOOP:
        yield from _routes(router, points, steps, answer or NOT_FOUND, lookup)
    elif answer is None:
        yield from _routes(router, points, steps, tuple(variants(router.service, lookup)), lookup)
    elif lookup.service(router.service) is not None:
        yield from _routes(router, points, [*steps, UNTYPED], answer, lookup)


def _steps(router: Router, lookup: Lookup) -> Iterator[Step]:
    """Its steps, and where the route is looked for again."""
    done = 0
    for turn, name in router.turns:
        yield from steps_of(router.steps[done:turn], lookup, ())
        yield RouteAgain(name)
        done = turn
    yield from steps_of(router.steps[done:], lookup, ())


def points_of(router: Router, lookup: Lookup, usual: tuple[EntryPoint, ...]) -> tuple[EntryPoint, ...]:
    """Those that exist; one that does not is no reason to be nowhere."""
    if not router.entry_points:
        lookup.asked.add(usual_of(router.kind))
        return usual
    found = []
    for each in router.entry_points:
        point = lookup.known.points.get(each.name)
        lookup.asked.add(("entry point", each.name))
        if point is None:
            names = ", ".join(sorted(name.name for name in lookup.known.points)) or "none"
            lookup.asked.add(("entry point", ALL))
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
            for step in found.steps:
                if not isinstance(step, (*OF_ROUTES, LimitConnections)) and (reason := problem(step)):
                    name = shown(each.name, lookup.home.namespace)
                    lookup.wrong(each, f'middleware "{name}" cannot be done here: {reason}')
                yield _found(step, lookup)
            yield from steps_of(found.parts, lookup, (*above, each.name))


def _found(step: Step, lookup: Lookup) -> Step:
    """With what is not known before: keys of issuers, and servers of pages (the first that a service is made of)."""
    if isinstance(step, VerifyToken):
        return replace(step, rule=lookup.with_keys(step.rule))
    if isinstance(step, SignIn):
        return lookup.with_endpoints(step)
    if not isinstance(step, ErrorPages):
        return step
    target = sending(Reference(name=step.backend.service, origin=step.backend.origin), lookup)
    return replace(step, backend=target.backends[0]) if target.backends else step


def _routes(
    router: Router,
    points: tuple[EntryPoint, ...],
    steps: list[Step],
    targets: tuple[Variant, ...] | Respond,
    lookup: Lookup,
) -> Iterator[RouteSet]:
    """The router at its entry points; one set for those that do the same."""
    groups: dict[tuple[Step, ...], list[str]] = {}
    for point in points:
        before = (*_refusals(point), *steps_of(point.steps, lookup, ()))
        has_tls = router.tls is not None or point.tls is not None
        place = tls_listener(point) if has_tls else plain_listener(point)
        groups.setdefault(before, []).append(place)
    found: list[tuple[list[str], tuple[RouteRule, ...]]] = []
    for before, places in groups.items():
        resolve = partial(_resolved, lookup)
        everything = (*before, *steps)
        if isinstance(targets, Respond):
            found.append((places, (_answering(router, everything, targets),)))
        else:
            made = (each for target in targets for each in rules(router, everything, target, resolve))
            found.append((places, tuple(made)))
    is_split = _is_split(router, found)
    for places, ruled in found:
        yield RouteSet(
            name=router.name,
            origin=router.origin,
            hosts=router.hosts if router.hosts is not None else ("*",),
            listeners=tuple(places),
            rules=tuple(replace(each, is_split=True) for each in ruled) if is_split else ruled,
            priority=router.priority,
        )


def _is_split(router: Router, found: list[tuple[list[str], tuple[RouteRule, ...]]]) -> bool:
    """Whether requests that are to be counted together come by several routes: of hosts, listeners, or conditions."""
    ruled = [each for _, rules in found for each in rules]
    backends = [backend for each in ruled if isinstance(each.action, Forward) for backend in each.action.backends]
    done = chain((each.steps for each in ruled), (each.steps for each in backends))
    if not any(isinstance(step, LimitRate) for steps in done for step in steps):
        return False
    is_one = router.hosts is not None and len(router.hosts) == 1 and len(ruled) == 1 and len(ruled[0].matches) == 1
    return not is_one or sum(len(places) for places, _ in found) > 1 or any(each.steps for each in backends)


def _refusals(point: EntryPoint) -> tuple[Step, ...]:
    """What requests of an entry point must not have in their paths, once it is clear which router they are for."""
    escapes = point.entrance.refused_characters
    return (RefuseEscapes(escapes=escapes),) if escapes else ()


def _answering(router: Router, steps: tuple[Step, ...], answer: Respond) -> RouteRule:
    return RouteRule(
        name=f"{router.name.name}{router.name.namespace}",
        origin=router.origin,
        matches=tuple(Match(conditions=each) for each in router.alternatives),
        action=answer,
        steps=tuple(each for each in steps if not isinstance(each, OF_ROUTES)),
        told=told(router),
    )


def _resolved(lookup: Lookup, names: Iterable[Reference]) -> tuple[Step, ...]:
    return tuple(steps_of(names, lookup, ()))

"""Where the requests of a router go: services made of services, as backends with shares. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from math import lcm

from tulle.flow.edge import sticking
from tulle.flow.edge.known import Lookup, shown
from tulle.model.findings import Finding
from tulle.model.names import Name
from tulle.model.policies import HashOn
from tulle.model.routers import Blend, Failover, Mirroring, Pool, Reference, ServiceTree, Share, Sharing, Sticky
from tulle.model.routes import Backend, HeaderChanges, Mirror

DEEPEST = 16
"""Services in services."""
WIDEST = 1_000_000
"""Greatest sum of the weights of backends."""
MOST_PARTS = 64
"""Where each of several services stands in for each other one."""
WHOLE = Fraction(1)


@dataclass(frozen=True, slots=True)
class Part:
    """A backend, its share of all requests, and what is done with these."""

    share: Fraction
    backend: Backend
    steps: tuple[Reference, ...] = ()
    prefix: str = ""
    """Before the paths of requests."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """A service whose clients came with a cookie that says which of its services they had."""

    service: Name
    cookie: str
    of: Name
    is_renewed: bool = False
    """Whether they came with a value of former times, in place of which they get another one."""


@dataclass(slots=True)
class Sending:
    """Everything that a service means for a route."""

    parts: list[Part] = field(default_factory=list)
    mirrors: list[Mirror] = field(default_factory=list)
    steps: list[Reference] = field(default_factory=list)
    """Before a server is chosen."""
    hash_on: tuple[HashOn, ...] = ()
    is_by_client: bool = False
    """Whether shares are chosen by the client's address."""
    sticky: list[Blend] = field(default_factory=list)
    """Services that keep clients with one of their services, and have still to find out which."""
    largest_copied: int | None = None
    """Bytes of a request that is copied; None: no limit."""
    statuses: tuple[tuple[int, int], ...] = ()
    """Answers after which the fallback is asked."""
    largest_body: int = -1
    """Bytes of a request that can be sent again to the fallback; -1: no limit."""
    answer_timeout: float = 0.0
    """Seconds until an answer begins; 0: no limit."""

    @property
    def backends(self) -> tuple[Backend, ...]:
        """With weights in small numbers."""
        return whole(self.parts)


def sending(to: Reference, lookup: Lookup, chosen: Iterable[Chosen] = ()) -> Sending:
    """Where requests go; what is missing is noted by the lookup."""
    found = Sending()
    _spread(_Way(to, lookup, found, {each.service: each for each in chosen}), WHOLE)
    return found


def whole(parts: Iterable[Part]) -> tuple[Backend, ...]:
    """Backends with the same shares in whole numbers."""
    parts = [each for each in parts if each.share]
    if len(parts) < 2:
        return tuple(replace(each.backend, weight=1) for each in parts)
    common = lcm(*(each.share.denominator for each in parts))
    numbers = [int(each.share * common) for each in parts]
    if sum(numbers) > WIDEST:
        numbers = [max(round(each.share * WIDEST), 1) for each in parts]
    return tuple(replace(each.backend, weight=number) for each, number in zip(parts, numbers, strict=True))


@dataclass(frozen=True, slots=True)
class _Way:
    """To a service: what it is part of, and what was found on the way."""

    to: Reference
    lookup: Lookup
    found: Sending
    chosen: Mapping[Name, Chosen]
    above: tuple[Name, ...] = ()

    def down(self, to: Reference, found: Sending | None = None) -> _Way:
        """To a part of it."""
        return replace(self, to=to, found=found or self.found, above=(*self.above, self.to.name))

    def checked(self, service: ServiceTree | None, to: Reference) -> None:
        """Note that somebody waits to hear whether a service is ill that nobody asks."""
        if service is not None and not service.is_checked:
            name = shown(to.name, self.lookup.home.namespace)
            self.lookup.wrong(to, f'service "{name}" must have a healthCheck, so that it is known whether it is well')


def _spread(way: _Way, share: Fraction) -> ServiceTree | None:
    to, lookup, found = way.to, way.lookup, way.found
    if to.name in way.above or len(way.above) > DEEPEST:
        lookup.wrong(to, f'service "{shown(to.name, lookup.home.namespace)}" is part of itself')
        return None
    service = lookup.service(to)
    if service is None:
        return None
    before = len(found.parts)
    match service:
        case Pool():
            _server(service, way, share)
        case Blend():
            _blend(service, way, share)
        case Mirroring():
            inner = _spread(way.down(service.service), share)
            if service.is_checked:
                way.checked(inner, service.service)
            _mirror(service, way, share)
        case Failover():
            _fail_over(service, way, share)
    if service.steps and not way.above:
        found.steps.extend(service.steps)
    elif service.steps:
        found.parts[before:] = [replace(each, steps=(*service.steps, *each.steps)) for each in found.parts[before:]]
    return service


def _server(service: Pool, way: _Way, share: Fraction) -> None:
    transport = way.lookup.transport(service.transport) if service.transport else way.lookup.usual_transport()
    if transport is not None:
        way.found.answer_timeout = max(way.found.answer_timeout, transport.answer_timeout)
    backend = Backend(
        service=service.name,
        origin=way.to.origin,
        shows_own_host=not service.passes_host,
        host_rewrite=service.authorities[0] if not service.passes_host and len(service.authorities) == 1 else None,
        stays=sticking.stay(service, service.sticky) if service.sticky is not None else None,
    )
    way.found.parts.append(Part(share, backend, prefix=service.prefix))


def _blend(service: Blend, way: _Way, share: Fraction) -> None:
    found = way.found
    if service.sharing is Sharing.CLIENTS:
        found.is_by_client, found.hash_on = True, (HashOn(source_ip=True),)
    chosen = way.chosen.get(service.name)
    if service.sticky is not None and chosen is None and service.shares:
        found.sticky.append(service)
    total = sum(each.weight for each in service.shares)
    groups: list[tuple[Fraction, list[Part]]] = []
    for each in service.shares:
        if not each.weight:
            way.lookup.service(each.to)
            continue
        inner = _aside(found)
        child = _spread(way.down(each.to, inner), WHOLE)
        if service.is_checked:
            way.checked(child, each.to)
        weight = Fraction(each.weight, total)
        if chosen is not None:
            weight = WHOLE if chosen.of == each.to.name else Fraction(0)
        parts = inner.parts
        if service.is_checked and any(part.steps or part.prefix for part in parts):
            sentence = (
                "its middlewares, and paths of its servers, do not count for requests that others are too ill for"
            )
            way.lookup.findings.append(Finding.warning(each.to.origin, f"{way.lookup.subject}: {sentence}"))
        if service.sticky is not None and (chosen is None or chosen.is_renewed):
            parts = [replace(part, backend=_marked(part.backend, service, service.sticky, each)) for part in parts]
        if service.sticky is not None and chosen is None:
            inner.sticky.clear()  # Below it clients only stay where they have been sent by it.
        _collect(inner, found, weight * share)
        groups.append((weight, parts))
    found.parts += _standing_in(groups, share) if service.is_checked else _shared(groups, share)


def _shared(groups: Iterable[tuple[Fraction, list[Part]]], share: Fraction) -> Iterator[Part]:
    for weight, parts in groups:
        for each in parts:
            if weight:
                yield replace(each, share=share * weight * each.share)


def _standing_in(groups: list[tuple[Fraction, list[Part]]], share: Fraction) -> Iterator[Part]:
    """Each takes its part of the share of those that are ill."""
    is_wide = len(groups) * sum(len(parts) for _, parts in groups) > MOST_PARTS
    for index, (weight, parts) in enumerate(groups):
        others = groups[index + 1 :] + groups[:index]
        if not weight or not others:
            yield from _shared([(weight, parts)], share)
            continue
        left = sum(each for each, _ in others)
        turns = [(WHOLE, 0)] if is_wide or not left else [(each / left, n) for n, (each, _) in enumerate(others)]
        for portion, first in turns:
            rest = [part.backend for _, found in others[first:] + others[:first] for part in found]
            for each in parts:
                backend = replace(each.backend, fallbacks=(*each.backend.fallbacks, *rest))
                yield replace(each, share=share * weight * portion * each.share, backend=backend)


def _marked(backend: Backend, service: Blend, sticky: Sticky, share: Share) -> Backend:
    """With the cookie that says that its share was chosen."""
    name = sticking.cookie(service.name, sticky)
    text = sticking.told(f"{name}={sticking.value(share.to.name.name)}{sticking.attributes(sticky)}")
    before = backend.response_headers.add if backend.response_headers is not None else ()
    return replace(backend, response_headers=HeaderChanges(add=(("Set-Cookie", text), *before)))


def _mirror(service: Mirroring, way: _Way, share: Fraction) -> None:
    if service.largest_body >= 0:
        way.found.largest_copied = _least(way.found.largest_copied, service.largest_body)
    for to, percent in service.mirrors:
        copy = Sending()
        _spread(way.down(to, copy), WHOLE)
        way.found.mirrors += [
            Mirror(
                backend=replace(each.backend, weight=1), percent=float(percent * share * each.share), keeps_host=True
            )
            for each in copy.parts
        ]


def _fail_over(service: Failover, way: _Way, share: Fraction) -> None:
    """Each part of the fallback stands behind each part of the usual service."""
    found, lookup = way.found, way.lookup
    usual, other = _aside(found), Sending()
    inner = _spread(way.down(service.service, usual), share)
    spare = _spread(way.down(service.fallback, other), WHOLE)
    if not service.statuses:
        way.checked(inner, service.service)
    if service.is_checked:
        way.checked(spare, service.fallback)
    if any(each.steps or each.prefix for each in other.parts):
        sentence = "its middlewares, and paths of its servers, do not count for requests that come to it as a fallback"
        lookup.findings.append(Finding.warning(service.fallback.origin, f"{lookup.subject}: {sentence}"))
    _collect(usual, found)
    for part in usual.parts:
        for each in other.parts:
            fallbacks = (*part.backend.fallbacks, replace(each.backend, weight=1), *each.backend.fallbacks)
            backend = replace(part.backend, fallbacks=fallbacks, is_failover=service.is_checked)
            found.parts.append(replace(part, share=part.share * each.share, backend=backend))
    if service.statuses:
        found.statuses, found.largest_body = service.statuses, service.largest_body


def _aside(found: Sending) -> Sending:
    """What is found below a service, by itself."""
    return Sending(is_by_client=found.is_by_client, hash_on=found.hash_on)


def _collect(inner: Sending, found: Sending, share: Fraction = WHOLE) -> None:
    """Everything but the parts. Copies are made of any requests, not only of those of their share."""
    found.mirrors += [replace(each, percent=each.percent * float(share)) for each in inner.mirrors if share]
    found.sticky += inner.sticky if share else ()
    found.is_by_client, found.hash_on = inner.is_by_client, inner.hash_on
    found.answer_timeout = max(found.answer_timeout, inner.answer_timeout)
    found.largest_copied = _least(found.largest_copied, inner.largest_copied)
    if inner.statuses:
        found.statuses, found.largest_body = inner.statuses, inner.largest_body


def _least(one: int | None, two: int | None) -> int | None:
    return two if one is None else one if two is None else min(one, two)

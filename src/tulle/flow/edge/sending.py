"""Where the requests of a router go: services made of services, as backends with shares. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from math import gcd

from tulle.flow.edge.known import Lookup, shown
from tulle.model.policies import HashOn
from tulle.model.routers import Blend, Failover, Mirroring, Pool, Reference, ServiceTree, Sharing, Sticky
from tulle.model.routes import Backend, Mirror

DEEPEST = 16
"""Services in services."""
WIDEST = 1_000_000
"""Greatest weight of a backend."""


@dataclass(slots=True)
class Sending:
    """Everything that a service means for a route."""

    backends: list[Backend] = field(default_factory=list)
    mirrors: list[Mirror] = field(default_factory=list)
    steps: list[Reference] = field(default_factory=list)
    """Before a server is chosen."""
    hash_on: tuple[HashOn, ...] = ()
    is_by_client: bool = False
    """Whether shares are chosen by the client's address."""
    shows_own_host: bool = False
    """Whether servers see their own host instead of the one that was asked for."""
    sticky: tuple[Reference, Sticky] | None = None
    """The service that keeps clients with one server, and how."""
    prefix: str = ""
    """Before the paths of requests."""
    sticky_shares: tuple[Reference, Sticky, tuple[Reference, ...]] | None = None
    """The same of a service that keeps clients with one of its services, and these."""


def sending(to: Reference, lookup: Lookup) -> Sending:
    """Where requests go; what is missing is noted by the lookup."""
    found = Sending()
    _spread(to, lookup, found, (), 1.0)
    found.backends = _whole(found.backends)
    return found


def _spread(
    to: Reference, lookup: Lookup, found: Sending, above: tuple[Reference, ...], share: float
) -> ServiceTree | None:
    if to in above or len(above) > DEEPEST:
        lookup.wrong(to, f'service "{shown(to.name, lookup.home.namespace)}" is part of itself')
        return None
    service = lookup.service(to)
    if service is None:
        return None
    above = (*above, to)
    if service.steps and share < 1.0:
        lookup.wrong(service.steps[0], "has middlewares, which only count where all requests of a router go to it")
    elif service.steps:
        found.steps.extend(service.steps)
    match service:
        case Pool():
            _server(service, to, lookup, found, share)
        case Blend():
            _blend(service, to, lookup, found, above, share)
        case Mirroring():
            _spread(service.service, lookup, found, above, share)
            _mirror(service, lookup, found, above, share)
        case Failover():
            _fail_over(service, lookup, found, above, share)
    return service


def _server(service: Pool, to: Reference, lookup: Lookup, found: Sending, share: float) -> None:
    if service.transport is not None:
        lookup.transport(service.transport)
    found.shows_own_host = found.shows_own_host or not service.passes_host
    if service.sticky is not None:
        found.sticky = (to, service.sticky)
    found.prefix = found.prefix or service.prefix
    found.backends.append(Backend(service=service.name, weight=int(share * WIDEST), origin=to.origin))


def _blend(
    service: Blend, to: Reference, lookup: Lookup, found: Sending, above: tuple[Reference, ...], share: float
) -> None:
    total = sum(each.weight for each in service.shares)
    if service.sharing is Sharing.CLIENTS:
        found.is_by_client, found.hash_on = True, (HashOn(source_ip=True),)
    if service.sticky is not None:
        found.sticky_shares = (to, service.sticky, tuple(each.to for each in service.shares))
    for each in service.shares:
        if each.weight:
            _spread(each.to, lookup, found, above, share * each.weight / total)
        else:
            lookup.service(each.to)


def _mirror(service: Mirroring, lookup: Lookup, found: Sending, above: tuple[Reference, ...], share: float) -> None:
    for to, percent in service.mirrors:
        copy = Sending()
        _spread(to, lookup, copy, above, 1.0)
        total = sum(each.weight for each in copy.backends)
        found.mirrors += [
            Mirror(backend=replace(each, weight=1), percent=percent * share * each.weight / total, keeps_host=True)
            for each in copy.backends
        ]


def _fail_over(service: Failover, lookup: Lookup, found: Sending, above: tuple[Reference, ...], share: float) -> None:
    """The fallback stands behind each backend of the usual service."""
    usual, other = Sending(), Sending()
    _spread(service.service, lookup, usual, above, share)
    _spread(service.fallback, lookup, other, above, 1.0)
    fallback = tuple(replace(each, weight=1) for each in other.backends)
    found.backends += [replace(each, fallbacks=(*each.fallbacks, *fallback)) for each in usual.backends]
    found.steps += usual.steps
    found.mirrors += usual.mirrors
    found.shows_own_host = found.shows_own_host or usual.shows_own_host
    found.sticky = found.sticky or usual.sticky


def _whole(backends: list[Backend]) -> list[Backend]:
    """The same shares in small numbers."""
    common = gcd(*(each.weight for each in backends)) if backends else 1
    if len(backends) < 2 or common < 1:
        return [replace(each, weight=1) for each in backends]
    return [replace(each, weight=max(each.weight // common, 1)) for each in backends]

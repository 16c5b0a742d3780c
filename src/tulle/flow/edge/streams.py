"""Routers for connections and datagrams: each is a listener of its own beside those for HTTP. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial

from tulle.flow.edge import places
from tulle.flow.edge.ending import REQUESTS, STREAMS
from tulle.flow.edge.joining import Joined, points_of, steps_of
from tulle.flow.edge.known import Known, Lookup
from tulle.flow.edge.sending import Sending, sending
from tulle.flow.edge.trusting import trust
from tulle.model.hostnames import ANY
from tulle.model.listeners import Certificate, Listener, ListenerProtocol, TlsHandling
from tulle.model.names import Name
from tulle.model.routers import USUAL_PROTOCOLS, USUAL_VERSIONS, EntryPoint, Router, TlsOptions
from tulle.model.routes import RouteKind, RouteSet, StreamMatch, StreamRule


def join(router: Router, known: Known, usual: tuple[EntryPoint, ...]) -> Joined:
    """Join a router for connections, or datagrams; `usual` are the entry points of those that name none."""
    lookup = Lookup(known, router.name, router.origin.subject)
    points = points_of(router, lookup, usual)
    steps = tuple(steps_of(router.steps, lookup, ()))
    target = sending(router.service, lookup) if router.service is not None else Sending()
    matches = tuple(StreamMatch(conditions=each) for each in router.alternatives)
    routes: tuple[RouteSet, ...] = ()
    if lookup.is_complete and target.backends:
        rule = StreamRule(name="", origin=router.origin, matches=matches, backends=tuple(target.backends), steps=steps)
        routes = (
            RouteSet(
                name=router.name,
                origin=router.origin,
                kind=RouteKind.UDP if router.kind is RouteKind.UDP else RouteKind.TCP,
                hosts=(ANY,),
                listeners=tuple(listener_id(point, router) for point in points),
                streams=(rule,),
            ),
        )
    problems = tuple(each.message for each in lookup.findings if each.is_error)
    remarks = tuple(each.message for each in lookup.findings if not each.is_error)
    return Joined(routes, tuple(lookup.findings), frozenset(lookup.asked), points, problems, remarks)


def listener_name(point: EntryPoint, router: Router) -> Name:
    """What listens for a router at an entry point."""
    return Name(point.name.namespace, f"{point.name.name}|{router.name.name}{router.name.namespace}")


def listener_id(point: EntryPoint, router: Router) -> str:
    """By which its routes name it."""
    name = listener_name(point, router)
    return f"{name.namespace}/{name.name}"


@dataclass(frozen=True, slots=True)
class Around:
    """What is at the entry points beside them."""

    certificates: tuple[Certificate, ...]
    options: Mapping[Name, TlsOptions]
    usual: TlsOptions | None
    names: tuple[str, ...] | None = None
    """For which there are certificates."""
    ranks: Mapping[str, int] = field(default_factory=dict)
    """Of providers (`Known.ranks`)."""


def listeners(joined: Mapping[Router, Joined], around: Around) -> Iterator[Listener]:
    """All of them, those first that are asked first."""
    routers = sorted((each for each in joined if each.kind is not RouteKind.HTTP), key=partial(_turn, around.ranks))
    full: set[EntryPoint] = set()
    for index, router in enumerate(routers, 1):
        for point in joined[router].points if joined[router].routes else ():
            if router.tls is not None and router.alternatives == ((),):
                # Whoever comes behind it is never asked, but requests for every host are before it.
                full.add(point)
            is_behind = router.tls is not None and point in full
            yield _listener(point, router, index + (REQUESTS if is_behind else STREAMS), around)


def _turn(ranks: Mapping[str, int], router: Router) -> tuple[int, int, Name]:
    return -router.priority, -ranks.get(router.name.namespace, 0), router.name


def _listener(point: EntryPoint, router: Router, rank: int, around: Around) -> Listener:
    tls = router.tls
    if router.kind is RouteKind.UDP:
        protocol = ListenerProtocol.UDP
    else:
        protocol = ListenerProtocol.TLS if tls is not None else ListenerProtocol.TCP
    options, is_broken = around.usual, False
    if tls is not None and tls.options is not None:
        options = around.options.get(tls.options.name)
        is_broken = options is None
    is_passed = tls is not None and tls.is_passed
    is_ended = tls is not None and not is_passed
    return Listener(
        name=listener_name(point, router),
        origin=router.origin,
        address=point.address,
        port=places.real_port(point.port),
        declared_port=point.port,
        protocol=protocol,
        tls=TlsHandling.PASSTHROUGH if is_passed else TlsHandling.TERMINATE,
        certificates=around.certificates if is_ended and not is_broken else (),
        versions=options.versions if options is not None else USUAL_VERSIONS,
        client_trust=trust(options) if is_ended else None,
        alpn=options.protocols if options is not None else USUAL_PROTOCOLS,
        certified=around.names if options is not None and options.is_strict else None,
        entrance=point.entrance,
        rank=rank,
    )

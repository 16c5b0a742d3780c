"""Routers for connections and datagrams: each is a listener of its own beside those for HTTP. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network

from tulle.flow.edge import places
from tulle.flow.edge.joining import Joined, points_of, steps_of
from tulle.flow.edge.known import Known, Lookup
from tulle.flow.edge.sending import Sending, sending
from tulle.model.conditions import Comparison, Condition, Conjunction, Subject
from tulle.model.hostnames import ANY
from tulle.model.listeners import Certificate, Listener, ListenerHost, ListenerProtocol, TlsHandling
from tulle.model.names import Name
from tulle.model.routers import USUAL_VERSIONS, EntryPoint, Router, TlsOptions
from tulle.model.routes import RouteKind, RouteSet, StreamMatch, StreamRule
from tulle.model.steps import AllowAddresses, Step

Network = IPv4Network | IPv6Network
EVERYTHING: tuple[Network, ...] = (ip_network("0.0.0.0/0"), ip_network("::/0"))
FIRST = 1
"""The rank of the router that is asked first, among the listeners of a socket; before it come those for HTTP."""


def join(router: Router, known: Known, usual: tuple[EntryPoint, ...]) -> Joined:
    """Join a router for connections, or datagrams; `usual` are the entry points of those that name none."""
    lookup = Lookup(known, router.name, router.origin.subject)
    points = points_of(router, lookup, usual)
    steps = tuple(steps_of(router.steps, lookup, ()))
    target = sending(router.service, lookup) if router.service is not None else Sending()
    matches = tuple(_matches(router, steps, lookup)) if router.kind is RouteKind.TCP else (StreamMatch(),)
    routes: tuple[RouteSet, ...] = ()
    if lookup.is_complete and target.backends:
        rule = StreamRule(name="", origin=router.origin, matches=matches, backends=tuple(target.backends))
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


def listeners(joined: Mapping[Router, Joined], around: Around) -> Iterator[Listener]:
    """All of them, those first that are asked first."""
    routers = sorted((each for each in joined if each.kind is not RouteKind.HTTP), key=_turn)
    for rank, router in enumerate(routers, FIRST):
        if joined[router].routes:
            for point in joined[router].points:
                yield _listener(point, router, rank, around)


def is_catch_all(router: Router) -> bool:
    """Whether it takes connections whatever they are for."""
    return any(not any(_is_narrow(each) for each in conditions) for conditions in router.alternatives)


def server_names(router: Router) -> tuple[str, ...]:
    """The server names that a router is for; `*` for all."""
    if router.hosts is not None:
        return router.hosts
    found: dict[str, None] = {}
    for conditions in router.alternatives:
        names = [each.value for each in conditions if each.subject is Subject.SERVER_NAME and not each.is_negated]
        found.update(dict.fromkeys(names or [ANY]))
    return tuple(found)


def _is_narrow(condition: Condition) -> bool:
    return condition.subject in {Subject.SERVER_NAME, Subject.SOURCE}


def _turn(router: Router) -> tuple[int, Name]:
    return -router.priority, router.name


def _listener(point: EntryPoint, router: Router, rank: int, around: Around) -> Listener:
    tls = router.tls
    if router.kind is RouteKind.UDP:
        protocol = ListenerProtocol.UDP
    else:
        protocol = ListenerProtocol.TLS if tls is not None else ListenerProtocol.TCP
    options = around.usual
    if tls is not None and tls.options is not None:
        options = around.options.get(tls.options.name)
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
        certificates=around.certificates if is_ended else (),
        hosts=tuple(ListenerHost(host=host) for host in server_names(router)) if tls else (ListenerHost(),),
        versions=options.versions if options is not None else USUAL_VERSIONS,
        client_trust=options.trust if options is not None and is_ended else None,
        rank=rank,
    )


def _matches(router: Router, steps: Iterable[Step], lookup: Lookup) -> Iterator[StreamMatch]:
    allowed = [each.ranges for each in steps if isinstance(each, AllowAddresses)]
    for conditions in router.alternatives:
        match = _match(conditions, router, lookup)
        if match is None:
            continue
        clients: tuple[Network, ...] | None = tuple(map(ip_network, match.clients)) if match.clients else None
        for ranges in allowed:
            networks = tuple(map(ip_network, ranges))
            clients = networks if clients is None else _common(clients, networks)
        if clients == ():
            continue
        texts = tuple(map(str, clients)) if clients is not None else ()
        yield StreamMatch(server_names=match.server_names, clients=texts, protocols=match.protocols)


def _match(conditions: Conjunction, router: Router, lookup: Lookup) -> StreamMatch | None:
    names: list[str] = []
    protocols: list[str] = []
    clients: tuple[Network, ...] | None = None
    for each in conditions:
        is_pattern = each.comparison is Comparison.REGEX and each.value != "."
        if is_pattern or (each.is_negated and each.subject is not Subject.SOURCE):
            sentence = "connections can only be told apart by names, addresses and protocols that are given"
            lookup.impossible(router.origin, f"its rule asks for a pattern, or for what is not so: {sentence}")
            return None
        if each.subject is Subject.SERVER_NAME and each.comparison is not Comparison.REGEX:
            names.append(each.value)
        elif each.subject is Subject.ALPN:
            protocols.append(each.value)
        elif each.subject is Subject.SOURCE:
            networks: tuple[Network, ...] = (ip_network(each.value),)
            networks = _without(networks[0]) if each.is_negated else networks
            clients = networks if clients is None else _common(clients, networks)
    return StreamMatch(server_names=tuple(names), clients=tuple(map(str, clients or ())), protocols=tuple(protocols))


def _common(one: Iterable[Network], two: Iterable[Network]) -> tuple[Network, ...]:
    """Addresses that are in both."""
    two = tuple(two)
    found: list[Network] = []
    for a in one:
        for b in two:
            if a.version == b.version and a.overlaps(b):
                found.append(a if a.prefixlen >= b.prefixlen else b)
    return tuple(dict.fromkeys(found))


def _without(network: Network) -> tuple[Network, ...]:
    """All other addresses."""
    found: list[Network] = []
    for each in EVERYTHING:
        found += each.address_exclude(network) if each.version == network.version else [each]  # type: ignore[arg-type]
    return tuple(found)

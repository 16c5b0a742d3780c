"""Entry points as listeners of the gateway. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TypeAlias

from tulle.flow.edge.ending import DEFAULT, REQUESTS, REST, WILDCARDS, Ended, Ending
from tulle.flow.edge.trusting import trust
from tulle.kit.memo import remember
from tulle.model.documents import BUILT_IN
from tulle.model.hostnames import ANY
from tulle.model.listeners import Certificate, Listener, ListenerHost, ListenerProtocol
from tulle.model.names import Name
from tulle.model.routers import STATIC, USUAL_PROTOCOLS, USUAL_VERSIONS, EntryPoint, Router

Names: TypeAlias = tuple[str, ...] | None
ADMIN = "traefik"
"""The entry point of the API, the dashboard and `ping`, which is for no router that does not name it."""
USUAL = EntryPoint(name=Name(STATIC, "http"), origin=BUILT_IN, address="::", port=80)
"""The one that there is if none is written."""
ADMINISTRATIVE = EntryPoint(name=Name(STATIC, ADMIN), origin=BUILT_IN, address="::", port=8080)
"""The one of the API, if none is written."""
LOWEST = 1024
MOVED = 8000
"""Ports below the lowest are so much higher: nothing here needs root."""


def all_points(written: Mapping[Name, EntryPoint], routers: Iterable[Router]) -> Iterator[EntryPoint]:
    """Those that are written, and those that there are without being written, if any router may need them."""
    known = tuple(routers)
    yield from written.values()
    is_named = any(each.name == ADMINISTRATIVE.name for router in known for each in router.entry_points)
    if is_named and ADMINISTRATIVE.name not in written:
        yield ADMINISTRATIVE
    if known and not written.keys() - {ADMINISTRATIVE.name}:
        yield USUAL


def points_for_all(points: Mapping[Name, EntryPoint]) -> tuple[EntryPoint, ...]:
    """The entry points of routers that name none: those that say so, or else all but that of the API."""
    streams = sorted((each for each in points.values() if not each.is_udp), key=lambda each: each.name)
    chosen = tuple(each for each in streams if each.is_usual)
    return chosen or tuple(each for each in streams if each.name.name != ADMIN)


def plain_listener(point: EntryPoint) -> str:
    """The id of its listener for requests without TLS."""
    return f"{point.name.namespace}/{point.name.name}"


def tls_listener(point: EntryPoint) -> str:
    """The id of its listener for requests with TLS."""
    return f"{point.name.namespace}/{point.name.name}|tls"


def listeners(
    points: Iterable[EntryPoint], certificates: tuple[Certificate, ...], ending: Ending, known: Names = None
) -> Iterator[Listener]:
    """What listens for requests at all entry points; `known` are the names that the certificates are for."""
    for point in points:
        if point.is_udp:
            yield _datagrams(point)
            continue
        if point.name not in ending.plain_taken:
            yield _plain(point)
        if not certificates or point.name in ending.untouched:
            continue
        rank = REQUESTS if point.name in ending.wide else REST
        yield _tls(point, certificates, Ended(DEFAULT, ending.usual, (ANY,), rank), known)
        for each in ending.special.get(point.name, ()):
            yield _tls(point, certificates, each, known)


@remember(size=1)
def _plain(point: EntryPoint) -> Listener:
    return Listener(
        name=point.name,
        origin=point.origin,
        address=point.address,
        port=real_port(point.port),
        declared_port=point.port,
        entrance=replace(point.entrance, http3=0),
        section=point.name.name,
        rank=REST,
    )


@remember(size=1)
def _datagrams(point: EntryPoint) -> Listener:
    """What nobody is there for is lost, and not refused."""
    return Listener(
        name=point.name,
        origin=point.origin,
        address=point.address,
        port=real_port(point.port),
        declared_port=point.port,
        protocol=ListenerProtocol.UDP,
        entrance=point.entrance,
        rank=REST,
    )


@remember(size=64)
def _tls(point: EntryPoint, certificates: tuple[Certificate, ...], ended: Ended, known: Names) -> Listener:
    options = ended.options
    parts = [] if ended.hosts == (ANY,) else [ended.name, "*"] if ended.rank == WILDCARDS else [ended.name]
    return Listener(
        name=Name(point.name.namespace, "|".join((point.name.name, "tls", *parts))),
        origin=point.origin,
        address=point.address,
        port=real_port(point.port),
        declared_port=point.port,
        protocol=ListenerProtocol.HTTPS,
        certificates=() if ended.is_broken else certificates,
        entrance=point.entrance,
        section=point.name.name,
        hosts=tuple(ListenerHost(host=host) for host in ended.hosts),
        versions=options.versions if options is not None else USUAL_VERSIONS,
        client_trust=trust(options),
        alpn=options.protocols if options is not None else USUAL_PROTOCOLS,
        ending=ended.name,
        certified=known if options is not None and options.is_strict else None,
        rank=ended.rank,
    )


def real_port(port: int) -> int:
    """Where it listens."""
    return port + MOVED if port < LOWEST else port

"""Entry points as listeners of the gateway. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from tulle.kit.memo import remember
from tulle.model.documents import BUILT_IN
from tulle.model.hostnames import ANY
from tulle.model.listeners import Certificate, Listener, ListenerHost, ListenerProtocol
from tulle.model.names import Name
from tulle.model.routers import STATIC, USUAL_VERSIONS, EntryPoint, Router, TlsOptions

ADMIN = "traefik"
"""The entry point of the API, the dashboard and `ping`, which is for no router that does not name it."""
USUAL = EntryPoint(name=Name(STATIC, "http"), origin=BUILT_IN, address="0.0.0.0", port=80)
"""The one that there is if none is written."""
ADMINISTRATIVE = EntryPoint(name=Name(STATIC, ADMIN), origin=BUILT_IN, address="0.0.0.0", port=8080)
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
    points: Iterable[EntryPoint], certificates: tuple[Certificate, ...], ending: Ending
) -> Iterator[Listener]:
    """What listens for requests at all entry points."""
    for point in points:
        if point.is_udp:
            continue
        if point.name not in ending.plain_taken:
            yield _plain(point)
        hosts = ending.hosts.get(point.name, (ANY,))
        if certificates and hosts:
            yield _tls(point, certificates, ending.usual, hosts)
            for options, hosts in ending.special.get(point.name, ()):
                yield _tls(point, certificates, options, hosts)


@dataclass(frozen=True, slots=True)
class Ending:
    """How TLS is ended."""

    usual: TlsOptions | None = None
    special: Mapping[Name, tuple[tuple[TlsOptions, tuple[str, ...]], ...]] = field(default_factory=dict)
    """By entry point: other options, and the hosts that they are for."""
    hosts: Mapping[Name, tuple[str, ...]] = field(default_factory=dict)
    """By entry point: the hosts for which TLS has requests in it, if not all; none at all if empty."""
    plain_taken: frozenset[Name] = frozenset()
    """Entry points where all connections without TLS are some router's."""


@remember(size=1)
def _plain(point: EntryPoint) -> Listener:
    return Listener(
        name=point.name,
        origin=point.origin,
        address=point.address,
        port=real_port(point.port),
        declared_port=point.port,
        entrance=replace(point.entrance, advertised=0),
        section=point.name.name,
    )


@remember(size=64)
def _tls(
    point: EntryPoint, certificates: tuple[Certificate, ...], options: TlsOptions | None, hosts: tuple[str, ...]
) -> Listener:
    is_special = options is not None and options.name.name != "default"
    suffix = f"|{options.name}" if options is not None and is_special else ""
    return Listener(
        name=Name(point.name.namespace, f"{point.name.name}|tls{suffix}"),
        origin=point.origin,
        address=point.address,
        port=real_port(point.port),
        declared_port=point.port,
        protocol=ListenerProtocol.HTTPS,
        certificates=certificates,
        entrance=point.entrance,
        section=point.name.name,
        hosts=tuple(ListenerHost(host=host) for host in hosts),
        versions=options.versions if options is not None else USUAL_VERSIONS,
        client_trust=options.trust if options is not None else None,
        alpn=options.protocols if options is not None else (),
    )


def real_port(port: int) -> int:
    """Where it listens."""
    return port + MOVED if port < LOWEST else port

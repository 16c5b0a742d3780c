"""Who listens on which socket of the gateway, and which listener has which host there. Knows nothing of Envoy.

Listeners that share a socket are told apart by host: by the server name where they end TLS, by the `Host` of each
request where they do not. A host belongs to the listener that means it most specifically, and to no other of that
socket (Gateway API calls that isolation of listeners).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from tulle.envoy import naming
from tulle.envoy.rewrites import WELL_KNOWN, Entry
from tulle.model import hostnames
from tulle.model.listeners import Listener, ListenerProtocol, TlsHandling
from tulle.model.routes import RouteSet

Place = tuple[str, str]
"""A route configuration and a host (or a pattern) in it."""
MOST_TOLD_APART = 256
"""Hosts of a socket up to which each of its listeners knows those of the others by name."""


def socket(listener: Listener) -> str:
    """Where it listens."""
    return naming.socket(listener.address, listener.port, is_udp=listener.protocol is ListenerProtocol.UDP)


def by_socket(listeners: Iterable[Listener]) -> dict[str, tuple[Listener, ...]]:
    """The listeners of each socket, in their order; those of lower rank first."""
    found: dict[str, list[Listener]] = {}
    for listener in listeners:
        found.setdefault(socket(listener), []).append(listener)
    return {name: tuple(sorted(sharing, key=lambda each: each.rank)) for name, sharing in found.items()}


def hosts(listener: Listener) -> tuple[str, ...]:
    """What a listener serves, in lower case, each once."""
    return tuple(dict.fromkeys(each.host.lower() for each in listener.hosts))


def ends_tls(listener: Listener) -> bool:
    """Whether clients speak TLS with it, and not with somebody behind it."""
    return has_tls(listener) and listener.tls in {TlsHandling.TERMINATE, TlsHandling.MESH}


def has_tls(listener: Listener) -> bool:
    """Whether clients speak TLS on it."""
    return listener.protocol in {ListenerProtocol.HTTPS, ListenerProtocol.TLS}


def reads_http(listener: Listener) -> bool:
    """Whether it sees requests."""
    return listener.protocol is ListenerProtocol.HTTP or (listener.protocol.is_http and ends_tls(listener))


def route_configuration(listener: Listener) -> str:
    """Where the virtual hosts of a listener that reads HTTP are; those without TLS share one on their socket."""
    own = "tls" if listener.entrance is not None else listener.id  # Of an entry point all with TLS share one.
    return naming.gateway_routes(socket(listener), own if has_tls(listener) else "")


@dataclass(frozen=True, slots=True)
class Section:
    """A listener as a place for routes."""

    routes: str
    """Its route configuration."""
    hosts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """All sockets together. Equal layouts give the same places to the same routes."""

    sections: dict[str, Section] = field(default_factory=dict)
    """Listeners that take routes, by id."""
    known: dict[str, frozenset[str]] = field(default_factory=dict)
    """By route configuration: hosts of all listeners among which a request is told apart."""
    ports: dict[str, tuple[int, ...]] = field(default_factory=dict)
    """By route configuration: its port, as it is and as documents have it."""
    entries: dict[str, Entry] = field(default_factory=dict)
    """By route configuration: where its requests come in, as documents mean it."""
    redirects: dict[Place, int] = field(default_factory=dict)
    """Places from which everybody is sent to HTTPS, with its port."""
    foreign: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """By route configuration of a listener with TLS: hosts of others on its socket; asking for one is a mistake."""
    standing: frozenset[Place] = frozenset()
    """Places that exist even if no route is attached to them."""

    def places(self, routes: RouteSet) -> Iterator[Place]:
        """Where a route set is attached: by the listeners it names (all that take routes, if none) and its hosts."""
        hosts = dict.fromkeys(map(hostnames.plain, routes.hosts or (hostnames.ANY,)))
        for section in self._named(routes):
            known = self.known[section.routes]
            for own in section.hosts:
                for host in hosts:
                    both = hostnames.common(host, own)
                    if both and hostnames.best(both, known) == own:
                        yield section.routes, both

    def _named(self, routes: RouteSet) -> Iterable[Section]:
        if not routes.listeners:
            return self.sections.values()
        return [section for name in routes.listeners if (section := self.sections.get(name)) is not None]


def layout(listeners: Iterable[Listener]) -> Layout:
    """Where every listener that reads HTTP stands."""
    found, listeners = Layout(), tuple(listeners)
    moved = {each.declared_port: each.port for each in listeners if each.declared_port in WELL_KNOWN.values()}
    for sharing in by_socket(listeners).values():
        plain, secure = ([each for each in sharing if has_tls(each) is tls] for tls in (False, True))
        for group in (plain, secure):
            known = frozenset(host for listener in group for host in hosts(listener))
            for listener in filter(reads_http, group):
                _add(listener, known, found)
                port = listener.declared_port or listener.port
                entry = Entry(
                    port,
                    is_encrypted=has_tls(listener),
                    moved=tuple(sorted(moved.items())),
                    shown_secret=listener.shown_secret,
                    is_routed=listener.entrance is not None,
                )
                found.entries.setdefault(route_configuration(listener), entry)
    served = {(each.routes, host) for each in found.sections.values() for host in each.hosts}
    redirects = {place: port for place, port in found.redirects.items() if place not in served}
    foreign = {(name, host) for name, others in found.foreign.items() for host in others}
    rest = {(name, hostnames.ANY) for name in found.known}
    return replace(found, redirects=redirects, standing=frozenset((served | rest) - redirects.keys() - foreign))


def _add(listener: Listener, known: frozenset[str], to: Layout) -> None:
    name, own = route_configuration(listener), hosts(listener)
    if listener.entrance is not None:  # Routers decide about hosts, whatever TLS was ended with.
        own, known = (hostnames.ANY,), frozenset((hostnames.ANY,))
    to.known[name] = known
    to.ports[name] = tuple(sorted({*to.ports.get(name, ()), listener.port, listener.declared_port} - {0}))
    if has_tls(listener) and (foreign := _foreign(own, known)):
        to.foreign[name] = foreign
    if listener.redirect_to_https is None:
        to.sections[listener.id] = Section(name, own)
    else:
        to.redirects.update({(name, host): listener.redirect_to_https for host in own})


def _foreign(own: tuple[str, ...], known: frozenset[str]) -> tuple[str, ...]:
    if len(known) - len(own) <= MOST_TOLD_APART:
        return tuple(sorted(known.difference(own)))
    # Of very many only those that would be taken for its own; whatever else it does not have is somebody else's.
    wide = [host for host in own if "*" in host]
    taken = {host for host in known if any(hostnames.covers(each, host) for each in wide)} if wide else set()
    return tuple(sorted((taken | {hostnames.ANY}).difference(own)))

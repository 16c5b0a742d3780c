"""Where the listeners of gateways listen, and which of them cannot be there together. Pure.

All of them are on one machine. Listeners share a port as long as each request can be told to belong to one of them.
A gateway that named no address moves as a whole to the next loopback address where nobody is in its way.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Address, ip_address
from types import MappingProxyType

from tulle.kit.memo import remember
from tulle.model.listeners import Listener, ListenerProtocol
from tulle.model.names import Name

Socket = tuple[bool, int]
"""Whether it is UDP, and the port."""
FIRST = int(IPv4Address("127.0.0.1"))
LAST = int(IPv4Address("127.255.255.254"))
HOSTLESS = frozenset((ListenerProtocol.TCP, ListenerProtocol.UDP))


NOBODY: Mapping[Name, Name] = MappingProxyType({})


@dataclass(slots=True)
class _Slot:
    """Who has a socket at an address."""

    owners: set[Name | None] = field(default_factory=set)
    """The gateways that are there."""
    families: set[str] = field(default_factory=set)
    hosts: set[str] = field(default_factory=set)


class Occupied:
    """The sockets that are taken."""

    def __init__(self, owners: Mapping[Name, Name] = NOBODY, guarded: Mapping[Name, Name] = NOBODY) -> None:
        """`owners` are the gateways of sets of listeners; only those that are `guarded` alike share a socket."""
        self._owners, self._guarded = owners, guarded
        self._slots: dict[str, dict[Socket, _Slot]] = {}
        self._everywhere: dict[Socket, _Slot] = {}
        """Of listeners on all addresses at once."""
        self._next: dict[frozenset[tuple[Socket, str, frozenset[str], Name | None]], int] = {}
        """Where gateways of one shape may still find room: below it every address is taken."""

    def take(self, listener: Listener) -> None:
        """A listener is there."""
        table = self._slots.setdefault(listener.address, {})
        tables = [table, self._everywhere] if ip_address(listener.address).is_unspecified else [table]
        for each in tables:
            slot = each.setdefault(socket_of(listener), _Slot())
            slot.owners.add(self._owner(listener))
            slot.families.add(family(listener.protocol))
            slot.hosts.update(_hosts(listener))

    def conflict(self, listener: Listener, address: str) -> str:
        """Why a listener cannot be at an address, beside those that are there; empty if it can."""
        socket = socket_of(listener)
        if ip_address(address).is_unspecified:
            slots = [table.get(socket) for table in self._slots.values()]
        else:
            slots = [self._everywhere.get(socket), self._slots.get(address, {}).get(socket)]
        return next((reason for slot in slots if slot is not None and (reason := self._conflict(slot, listener))), "")

    def room(self, listeners: Iterable[Listener]) -> str | None:
        """The first loopback address where all of these listeners can be; None if there is none."""
        wanted = tuple(listeners)
        shape = frozenset(
            (socket_of(each), family(each.protocol), _hosts(each), self._enforced(self._owner(each))) for each in wanted
        )
        everywhere = ((self._everywhere.get(socket_of(each)), each) for each in wanted)
        if any(slot is not None and self._conflict(slot, each) for slot, each in everywhere):
            return None
        for number in range(self._next.get(shape, FIRST), LAST + 1):
            address = str(IPv4Address(number))
            if not any(self.conflict(each, address) for each in wanted):
                self._next[shape] = number
                return address
        return None

    def _owner(self, listener: Listener) -> Name | None:
        gateway = listener.gateway
        if gateway is None:
            return listener.name if listener.name in self._guarded else None
        return self._owners.get(gateway, gateway)

    def _enforced(self, owner: Name | None) -> Name | None:
        return None if owner is None else self._guarded.get(owner)

    def _conflict(self, slot: _Slot, listener: Listener) -> str:
        """What is enforced is the same for everybody on a socket: a gateway with policies of its own needs its own."""
        enforced = self._enforced(self._owner(listener))
        if any(self._enforced(each) != enforced for each in slot.owners):
            return "ProtocolConflict"
        return _conflict(slot, listener)


def socket_of(listener: Listener) -> Socket:
    """What of an address a listener needs."""
    return listener.protocol is ListenerProtocol.UDP, listener.port


def family(protocol: ListenerProtocol) -> str:
    """Protocols that can share a port, as their first bytes tell the host: HTTP, everything with TLS, or none."""
    return "tls" if protocol in {ListenerProtocol.HTTPS, ListenerProtocol.TLS} else str(protocol)


def conflicts(listeners: Iterable[Listener]) -> Iterator[tuple[Listener, str]]:
    """Of listeners of one gateway at one address, those that cannot be told apart, each with the reason."""
    sockets: dict[Socket, list[Listener]] = {}
    for listener in listeners:
        sockets.setdefault(socket_of(listener), []).append(listener)
    for rivals in sockets.values():
        families = {family(each.protocol) for each in rivals}
        users: dict[str, list[Listener]] = {}
        for each in rivals:
            for host in _hosts(each):
                users.setdefault(host, []).append(each)
        for each in rivals:
            if len(families) > 1 or (len(rivals) > 1 and each.protocol in HOSTLESS):
                yield each, "ProtocolConflict"
            elif others := [other for host in _hosts(each) for other in users[host] if other is not each]:
                is_same = all(other.protocol is each.protocol for other in others)
                yield each, "HostnameConflict" if is_same else "ProtocolConflict"


@remember(size=4)
def moved(listener: Listener, address: str, *suffix: str) -> Listener:
    """The listener at another address; with a suffix as one more beside it."""
    name = Name(listener.name.namespace, "".join((listener.name.name, *suffix)))
    return replace(listener, address=address, name=name)


def _hosts(listener: Listener) -> frozenset[str]:
    return frozenset(each.host for each in listener.hosts)


def _conflict(slot: _Slot, listener: Listener) -> str:
    if slot.families != {family(listener.protocol)} or listener.protocol in HOSTLESS:
        return "ProtocolConflict"
    return "" if slot.hosts.isdisjoint(_hosts(listener)) else "HostnameConflict"

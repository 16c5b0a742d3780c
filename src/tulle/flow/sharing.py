"""Hosts that several documents describe, each with other ports: together they are one service. Pure.

That is usual for servers outside the mesh: one document for port 80, another one for 443.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from tulle.kit.memo import remember
from tulle.model.findings import Finding
from tulle.model.services import Endpoint, Port, Service


def together(services: tuple[Service, ...]) -> Service:
    """The service that all of them describe: everything is as the first says, with the ports of those that fit it."""
    first, *others = services
    more = tuple(other for other in others if _fits(first, other))
    return _together(first, more) if more else first


def findings(first: Service, other: Service) -> Iterator[Finding]:
    """What the second of two descriptions of a host says in vain."""
    whose = f"{first.origin.subject} ({first.origin})"
    origin = other.host_origin or other.origin
    if not _fits(first, other):
        host = (*other.hosts, *first.full_hosts)[0]
        message = f"host {host} is that of {whose} already, which is used; only documents that differ in ports add up"
        yield Finding.warning(origin, f"{other.origin.subject}: {message}")
        return
    for port in other.ports:
        known = _same(first.ports, port)
        if known is not None and known.protocol is not port.protocol:
            message = f"port {port.number} of {other.hosts[0]} speaks {known.protocol} as {whose} says, which is used"
            yield Finding.warning(origin, f"{other.origin.subject}: {message}")


def _fits(first: Service, other: Service) -> bool:
    """Whether two descriptions can be one: nothing but their ports and places differs."""
    return bool(first.hosts and other.hosts) and _manner(first) == _manner(other)


def _manner(service: Service) -> tuple[object, ...]:
    return service.resolution, service.is_outside, service.selector, service.exports


@remember(size=2)
def _together(first: Service, others: tuple[Service, ...]) -> Service:
    ports = list(first.ports)
    places = list(first.addresses)
    for other in others:
        names = {port.name: _add(ports, port) for port in other.ports}
        places += [place for each in other.addresses for place in _renamed(each, names)]
    return replace(
        first,
        ports=tuple(ports),
        addresses=tuple(dict.fromkeys(places)),
        virtual_addresses=_all(first.virtual_addresses, *(each.virtual_addresses for each in others)),
        identities=_all(first.identities, *(each.identities for each in others)),
    )


def _add(ports: list[Port], port: Port) -> str | None:
    """The name that a port has among the others; None if another one has its number and speaks something else."""
    known = _same(ports, port)
    if known is not None:
        return known.name if known.protocol is port.protocol else None
    name = port.name
    if any(each.name == name for each in ports):
        name = f"{port.name}-{port.number}"
    ports.append(replace(port, name=name))
    return name


def _same(ports: tuple[Port, ...] | list[Port], port: Port) -> Port | None:
    return next((each for each in ports if (each.number, each.is_udp) == (port.number, port.is_udp)), None)


def _renamed(place: Endpoint, names: dict[str, str | None]) -> Iterator[Endpoint]:
    name = names.get(place.port_name)
    if name is not None:
        yield replace(place, port_name=name)


def _all(*lists: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(each for texts in lists for each in texts))

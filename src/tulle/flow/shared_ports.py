"""Listeners for plain HTTP that share a port: in native files each host belongs to one of them. Pure.

Gateways of other languages may serve the same hosts on the same port; what is attached to any of them counts there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from tulle.envoy import sockets
from tulle.model.documents import Origin
from tulle.model.listeners import Listener, ListenerProtocol


@dataclass(frozen=True, slots=True)
class Shared:
    """Listeners as native files can have them."""

    listeners: Mapping[str, Listener] = field(default_factory=dict)
    """By id, with the hosts that are no other's; those of which nothing is left are missing."""
    owners: Mapping[str, str] = field(default_factory=dict)
    """Listeners that are missing, and one that stands for each, by their ids."""
    origins: Mapping[str, tuple[Origin, ...]] = field(default_factory=dict)
    """By the id of a listener: where those were written that it stands for."""

    def has(self, listener: str, host: str) -> bool:
        """Whether a host is served by a listener."""
        known = self.listeners.get(listener)
        return known is not None and host in sockets.hosts(known)


def shared(listeners: Iterable[Listener]) -> Shared:
    """Each host at the first listener of a port that serves it; one that only redirects it comes last."""
    every = tuple(listeners)
    found, owners = {each.id: each for each in every}, {}
    for sharing in sockets.by_socket(every).values():
        plain = [each for each in sharing if each.protocol is ListenerProtocol.HTTP]
        taken: dict[str, str] = {}
        for each in sorted(plain, key=lambda it: it.redirect_to_https is not None):
            rest = tuple(host for host in each.hosts if host.host.lower() not in taken)
            if not rest:
                owners[each.id] = taken[each.hosts[0].host.lower()]
                del found[each.id]
            elif rest != each.hosts:
                found[each.id] = replace(each, hosts=rest)
            taken |= {host.host.lower(): each.id for host in rest}
    origins: dict[str, tuple[Origin, ...]] = {}
    for each in every:
        if each.id in owners:
            origins[owners[each.id]] = (*origins.get(owners[each.id], ()), each.origin)
    return Shared(found, owners, origins)

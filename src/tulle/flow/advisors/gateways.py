"""Hosts of routes that no listener of their gateways serves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tulle.flow.advisors.base import Advised, Key, Ledger, World, about, gateway_key
from tulle.flow.attachment import MOST_HOSTS
from tulle.flow.references import shown
from tulle.model.findings import Finding
from tulle.model.hostnames import common
from tulle.model.listeners import Listener
from tulle.model.names import Name
from tulle.model.routes import AttachKind, Parent, RouteSet


class Gateways:
    """Looks at every set of rules by itself."""

    def __init__(self) -> None:
        self._ledger: Ledger[RouteSet] = Ledger(advise)

    def update(self, world: World) -> None:
        """Look again at what changed."""
        self._ledger.update(world.routes_added, world.routes_removed, world)

    def findings(self) -> Iterable[Finding]:
        """About every host that is not served."""
        return self._ledger.findings()


ADVISOR = Gateways


def advise(route: RouteSet, world: World) -> Advised:
    """Which of its hosts are served by none of the listeners that it asks for, while others are."""
    parents = [parent for parent in route.parents if parent.kind is AttachKind.GATEWAY]
    keys: set[Key] = {gateway_key(parent.name) for parent in parents}
    listeners = [listener for parent in parents for listener in _named(parent, world)]
    if not listeners:
        return Advised(keys=tuple(keys))
    unserved = [host for host in route.hosts if not any(_serves(each, host, route) for each in listeners)]
    if len(unserved) == len(route.hosts):
        # That the route is attached nowhere is told where it is attached.
        return Advised(keys=tuple(keys))
    return Advised(tuple(_unserved(route, host, parents, listeners) for host in unserved), tuple(keys))


def _named(parent: Parent, world: World) -> Iterator[Listener]:
    for listener in world.listeners.get(parent.name):
        is_port = parent.port in {None, listener.declared_port or listener.port}
        if is_port and parent.section in {"", listener.section}:
            yield listener


def _serves(listener: Listener, host: str, route: RouteSet) -> bool:
    namespace = route.name.namespace
    return any(
        common(host, each.host) and (each.namespaces is None or namespace in each.namespaces) for each in listener.hosts
    )


def _unserved(route: RouteSet, host: str, parents: list[Parent], listeners: list[Listener]) -> Finding:
    names = dict.fromkeys(_bare(parent.name, route) for parent in parents)
    namespace = route.name.namespace
    hosts = (each for listener in listeners for each in listener.hosts)
    known = [*dict.fromkeys(each.host for each in hosts if each.namespaces is None or namespace in each.namespaces)]
    served = ", ".join(known[:MOST_HOSTS]) + (", …" if len(known) > MOST_HOSTS else "")
    origin = route.host_origin(host)
    message = f"host {host} is not served by gateway {' or '.join(names)}, which is for {served}"
    return Finding.warning(origin, f"{about(origin, route.origin)}: {message}")


def _bare(name: Name, route: RouteSet) -> str:
    return f'"{shown(Name(name.namespace, name.name.rpartition("/")[2]), route.name.namespace)}"'

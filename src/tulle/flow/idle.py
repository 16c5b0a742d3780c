"""Listeners that do not listen and routes that nothing takes, as native documents would have them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from tulle.dialects.native.writing.content import Entrance, Placed
from tulle.envoy.routes import in_order
from tulle.flow import flattening
from tulle.flow.gathering import placed, plain
from tulle.model.listeners import Listener
from tulle.model.mesh import Mesh
from tulle.model.routes import Delegate, RouteSet


def unusable(mesh: Mesh, listeners: Iterable[Listener]) -> tuple[Entrance, ...]:
    """Listeners that were written and do not listen."""
    waiting = (each for each in listeners if each.name not in mesh.listeners)
    return tuple(Entrance(listener=plain(replace(each, declared_port=0))) for each in waiting)


def unattached(mesh: Mesh, routes: Iterable[RouteSet]) -> tuple[Placed, ...]:
    """Routes that are attached to nothing, as they would be if they were."""
    used = {each.name for group in (mesh.gateway_routes, *mesh.service_routes.values()) for each in group}
    waiting = (each for each in routes if each.parents and each.name not in used)
    return tuple(found for each in waiting for found in _said_by(each))


def _said_by(route: RouteSet) -> Iterator[Placed]:
    hosts, namespace = route.hosts or ("*",), route.name.namespace
    rules = tuple(each for each in route.rules if not isinstance(each.action, Delegate))
    steps = flattening.reachable(in_order([replace(route, rules=rules)]))
    if steps:
        yield from placed(flattening.Place(hosts=hosts, listeners=(), steps=steps, namespace=namespace))
    if streams := flattening.streams_of_mesh([replace(route, exports=("*",))]):
        yield Placed(namespace=namespace, hosts=hosts, streams=streams)

"""References that name no port where there is only one, as people write them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from tulle.dialects.native.writing.content import Content
from tulle.flow.gathering import declared
from tulle.kit.frozen import rebuilt
from tulle.model.mesh import Mesh
from tulle.model.names import Name
from tulle.model.routes import Backend, RouteSet


def with_short_routes(mesh: Mesh) -> Mesh:
    """The mesh with such references in its rules, so that rules which do the same are seen to do the same."""
    ports = _ports(mesh)
    made: dict[RouteSet, RouteSet] = {}

    def short(sets: Iterable[RouteSet]) -> tuple[RouteSet, ...]:
        for each in sets:
            if each not in made:  # One that stands in several places stays one.
                made[each] = rebuilt(each, lambda value: _short(value, ports))
        return tuple(made[each] for each in sets)

    return replace(
        mesh,
        gateway_routes=short(mesh.gateway_routes),
        service_routes={name: short(sets) for name, sets in mesh.service_routes.items()},
        host_routes={host: short(sets) for host, sets in mesh.host_routes.items()},
    )


def shortened(content: Content, mesh: Mesh) -> Content:
    """The same for everything else that is to be written."""
    ports = _ports(mesh)
    return rebuilt(content, lambda value: _short(value, ports))


def _ports(mesh: Mesh) -> dict[Name, int]:
    return {name: each.ports[0].number for name, each in declared(mesh).items() if len(each.ports) == 1}


def _short(value: Any, ports: Mapping[Name, int]) -> Any:
    if isinstance(value, Backend) and value.port is not None and ports.get(value.service) == value.port:
        return replace(value, port=None)
    return value

"""Stand-ins for services that documents refer to and none declares, so that what refers to them counts. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tulle.dialects.fields import LABEL
from tulle.dialects.registry import FILE
from tulle.envoy.references import backends
from tulle.model.documents import Document, Key, Origin
from tulle.model.mesh import Fragment, Mesh
from tulle.model.names import Name
from tulle.model.routes import Backend

SOURCE = "absent"
"""Of the stand-ins."""


@dataclass(frozen=True, slots=True)
class Absent:
    """A service that is missing."""

    name: Name
    origin: Origin
    """Where it is referred to first."""
    document: Document
    """A declaration of it."""


def absent(fragments: Iterable[Fragment], mesh: Mesh) -> tuple[Absent, ...]:
    """The services that are missing."""
    ports: dict[Name, dict[int, str]] = {}
    origins: dict[Name, Origin] = {}
    for backend, protocol in (each for fragment in fragments for each in _referred(fragment)):
        name = backend.service
        if name not in mesh.services and not backend.host and LABEL.fullmatch(name.name):
            origins.setdefault(name, backend.origin)
            ports.setdefault(name, {}).setdefault(backend.port or 80, protocol)
    return tuple(Absent(name, origins[name], _declared(name, ports[name])) for name in sorted(origins))


def _referred(fragment: Fragment) -> Iterator[tuple[Backend, str]]:
    for route in fragment.routes:
        for backend in backends(route):
            yield backend, "tcp" if route.streams else "http"
    for listener in fragment.listeners:
        for backend in listener.backends:
            yield backend, "udp" if listener.protocol == "udp" else "tcp"


def _declared(name: Name, ports: dict[int, str]) -> Document:
    data = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name.name, "namespace": name.namespace},
        "spec": {"ports": [_port(number, protocol) for number, protocol in sorted(ports.items())]},
    }
    return Document(Origin(SOURCE), Key(FILE, Name("", f"{SOURCE} {name}")), data)


def _port(number: int, protocol: str) -> dict[str, object]:
    return {"name": f"{protocol}-{number}", "port": number, "protocol": "UDP" if protocol == "udp" else "TCP"}

"""Stand-ins for services that documents refer to and none declares, so that what refers to them counts. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tulle.dialects.fields import LABEL
from tulle.dialects.registry import FILE
from tulle.flow.resolving import backends
from tulle.model.documents import Document, Key, Origin
from tulle.model.mesh import Fragment, Mesh
from tulle.model.names import Name
from tulle.model.routes import Backend

SOURCE = "absent"
"""Of the stand-ins."""
Wanted = dict[Name, dict[int, str]]
"""Ports and protocols, by service."""


def stand_ins(fragments: Iterable[Fragment], mesh: Mesh) -> tuple[Document, ...]:
    """Declarations of services that are missing."""
    wanted: Wanted = {}
    for backend, protocol in (each for fragment in fragments for each in _referred(fragment)):
        if backend.service not in mesh.services and not backend.host and LABEL.fullmatch(backend.service.name):
            wanted.setdefault(backend.service, {}).setdefault(backend.port or 80, protocol)
    return tuple(_declared(name, ports) for name, ports in sorted(wanted.items()))


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

"""Stand-ins for services that documents refer to and none declares, so that what refers to them counts. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from tulle.dialects.fields import LABEL
from tulle.dialects.registry import FILE
from tulle.envoy.references import backends
from tulle.model.documents import Document, Key, Origin
from tulle.model.mesh import Fragment, Mesh
from tulle.model.names import Name, full_host
from tulle.model.routes import Backend

SOURCE = "absent"
"""Of the stand-ins."""
HTTP = 80
"""The port of those of which none is named."""


@dataclass(frozen=True, slots=True)
class Absent:
    """A service that is missing."""

    name: Name
    origin: Origin
    """Where it is referred to first."""
    documents: tuple[Document, ...]
    """What would declare it."""


def absent(fragments: Iterable[Fragment], mesh: Mesh) -> tuple[Absent, ...]:
    """The services that are missing."""
    wanted: dict[Name, list[tuple[Backend, str]]] = {}
    for backend, protocol in (each for fragment in fragments for each in _referred(fragment)):
        name = backend.service
        if name not in mesh.services and not backend.host and LABEL.fullmatch(name.name):
            wanted.setdefault(name, []).append((backend, protocol))
    return tuple(Absent(name, wanted[name][0][0].origin, _declared(name, wanted[name])) for name in sorted(wanted))


def _referred(fragment: Fragment) -> Iterator[tuple[Backend, str]]:
    for route in fragment.routes:
        for backend in backends(route):
            yield backend, "tcp" if route.streams else "http"
    for listener in fragment.listeners:
        for backend in listener.backends:
            yield backend, "udp" if listener.protocol == "udp" else "tcp"


def _declared(name: Name, wanted: list[tuple[Backend, str]]) -> tuple[Document, ...]:
    """In the language that says nothing of how something is run."""
    ports: dict[int, str] = {}
    for backend, protocol in wanted:
        ports.setdefault(backend.port or HTTP, protocol)
    subsets = sorted({backend.subset for backend, _ in wanted if backend.subset is not None})
    service = {"ports": [_port(number, protocol) for number, protocol in sorted(ports.items())]}
    rule = {"host": full_host(name), "subsets": [{"name": each, "labels": {"version": each}} for each in subsets]}
    found = [_document("v1", "Service", name, service)]
    if subsets:
        found.append(_document("networking.istio.io/v1", "DestinationRule", name, rule))
    return tuple(found)


def _document(version: str, kind: str, name: Name, spec: Mapping[str, object]) -> Document:
    metadata = {"name": name.name, "namespace": name.namespace}
    data = {"apiVersion": version, "kind": kind, "metadata": metadata, "spec": spec}
    return Document(Origin(SOURCE), Key(FILE, Name("", f"{SOURCE} {kind} {name}")), data)


def _port(number: int, protocol: str) -> dict[str, object]:
    return {"name": f"{protocol}-{number}", "port": number, "protocol": "UDP" if protocol == "udp" else "TCP"}

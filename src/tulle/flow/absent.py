"""Stand-ins for services and versions that documents refer to and none declares, so that what refers to them counts.

Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from tulle.dialects.fields import LABEL
from tulle.dialects.registry import FILE
from tulle.envoy.references import backends
from tulle.flow.references import versions_of
from tulle.model.documents import Document, Key, Origin
from tulle.model.mesh import Fragment, Mesh
from tulle.model.names import Name, full_host
from tulle.model.routes import AttachKind, Backend
from tulle.model.services import Service

SOURCE = "absent"
"""Of the stand-ins."""
HTTP = 80
"""The port of those of which none is named."""


@dataclass(frozen=True, slots=True)
class Absent:
    """A service that is missing, or versions of one that is there."""

    name: Name
    origin: Origin
    """Where it is referred to first."""
    documents: tuple[Document, ...]
    """What would declare it."""
    is_there: bool = False
    """Whether only versions of it are missing."""


def absent(fragments: Iterable[Fragment], mesh: Mesh) -> tuple[Absent, ...]:
    """The services that are missing."""
    wanted: dict[Name, list[tuple[Backend, str]]] = {}
    versions: dict[Name, dict[str, Origin]] = {}
    for backend, protocol in (each for fragment in fragments for each in _referred(fragment)):
        name = backend.service
        service = mesh.services.get(name)
        if service is not None and backend.subset is not None and backend.subset not in versions_of(service):
            versions.setdefault(name, {}).setdefault(backend.subset, backend.origin)
        if service is None and not backend.host and LABEL.fullmatch(name.name):
            wanted.setdefault(name, []).append((backend, protocol))
    services = (Absent(name, wanted[name][0][0].origin, _declared(name, wanted[name])) for name in sorted(wanted))
    return (*services, *(_versions(mesh.services[name], versions[name]) for name in sorted(versions)))


def _versions(service: Service, wanted: Mapping[str, Origin]) -> Absent:
    name, host = service.name, next(iter(service.hosts), full_host(service.name))
    rule = _document("networking.istio.io/v1", "DestinationRule", name, {"host": host, "subsets": _subsets(wanted)})
    return Absent(name, next(iter(wanted.values())), (rule,), is_there=True)


def _referred(fragment: Fragment) -> Iterator[tuple[Backend, str]]:
    for route in fragment.routes:
        for parent in route.parents:
            if parent.kind is AttachKind.SERVICE:
                yield Backend(service=parent.name, port=parent.port, origin=parent.origin), "http"
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
    rule = {"host": full_host(name), "subsets": _subsets(subsets)}
    found = [_document("v1", "Service", name, service)]
    if subsets:
        found.append(_document("networking.istio.io/v1", "DestinationRule", name, rule))
    return tuple(found)


def _subsets(names: Iterable[str]) -> list[dict[str, object]]:
    return [{"name": each, "labels": {"version": each}} for each in sorted(names)]


def _document(version: str, kind: str, name: Name, spec: Mapping[str, object]) -> Document:
    # A rule has a name that no other one of its namespace has.
    metadata = {"name": name.name if kind == "Service" else f"{name.name}.{SOURCE}", "namespace": name.namespace}
    data = {"apiVersion": version, "kind": kind, "metadata": metadata, "spec": spec}
    return Document(Origin(SOURCE), Key(FILE, Name("", f"{SOURCE} {kind} {name}")), data)


def _port(number: int, protocol: str) -> dict[str, object]:
    return {"name": f"{protocol}-{number}", "port": number, "protocol": "UDP" if protocol == "udp" else "TCP"}

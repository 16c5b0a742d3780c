"""From documents to the mesh: read their parts, merge them, check references. Pure.

What did not change keeps its identity, and the work for a change is in proportion to the change.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from tulle.flow.checking import Checking
from tulle.flow.joining import typed
from tulle.flow.merge import SETTINGS, Merge
from tulle.flow.parts import Parts
from tulle.flow.settings import settled
from tulle.kit.collecting import no_collection
from tulle.model.documents import Document
from tulle.model.extensions import MeshDefaults
from tulle.model.findings import Finding
from tulle.model.mesh import Mesh, Settings
from tulle.model.objects import ConfigMap, Secret

DEFAULT_SETTINGS = Settings()


class Builder:
    """Builds the mesh again and again, from documents of which each time a few are different."""

    def __init__(self) -> None:
        self._parts = Parts()
        self._merge = Merge()
        self._checking = Checking()
        self._mesh = Mesh(settings=DEFAULT_SETTINGS)
        self._positions: dict[Document, int] | None = None

    def build(self, documents: tuple[Document, ...], findings: Iterable[Finding] = ()) -> Mesh:
        """The mesh that documents describe, and what is wrong with them; `findings` are those of their sources.

        The very same mesh, if nothing is different.
        """
        with no_collection():
            return self._built(documents, findings)

    def _built(self, documents: tuple[Document, ...], findings: Iterable[Finding]) -> Mesh:
        order = self._parts.order
        change = self._parts.update(documents)
        if change.added or change.removed or order != self._parts.order:
            self._positions = None
            merge = self._merge
            merge.update(change, self._parts.fragments, self._position)
            native = merge.settings.table.get(SETTINGS, DEFAULT_SETTINGS)
            settings = settled(native, tuple(typed(merge, MeshDefaults).values()))
            checking = self._checking
            checking.update(merge, self._parts, self._position, settings)
            self._mesh = Mesh(
                settings=settings,
                services=checking.services,
                workloads=checking.workloads,
                listeners=checking.listeners,
                gateway_routes=checking.routing.gateway,
                service_routes=checking.routing.services,
                host_routes=checking.routing.hosts,
                hosts=checking.hosts,
                guards=checking.guarding.guards,
                gateway_guard=checking.guarding.gateway,
                secrets=typed(merge, Secret),
                config_maps=typed(merge, ConfigMap),
                statuses=checking.statuses,
                findings=self._mesh.findings,
            )
        everything = _sorted([*findings, *self._findings()])
        if everything != self._mesh.findings:
            self._mesh = replace(self._mesh, findings=everything)
        return self._mesh

    def _findings(self) -> Iterable[Finding]:
        for found in self._parts.findings.values():
            yield from found
        yield from self._merge.findings(self._position)
        yield from self._checking.findings()

    def _position(self, part: Document) -> int:
        """Where a part stands among all of them."""
        if self._positions is None:
            self._positions = {document: index for index, document in enumerate(self._parts.order)}
        return self._positions[part]


def _sorted(findings: list[Finding]) -> tuple[Finding, ...]:
    """By place, each once."""
    distinct = dict.fromkeys(sorted(findings, key=lambda f: (f.origin.file, f.origin.line, f.message, f.severity)))
    return tuple(distinct)

"""From documents to the mesh: read their parts, merge them, check references. Pure.

What did not change keeps its identity, and the work for a change is in proportion to the change.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import replace

from tulle.flow.checking import Checking
from tulle.flow.joining import typed
from tulle.flow.last_good import NOWHERE, LastGood, Place, still_counting
from tulle.flow.merge import SETTINGS, Merge
from tulle.flow.parts import Parts
from tulle.flow.settings import settled
from tulle.kit.collecting import no_collection
from tulle.kit.tables import Layered
from tulle.model.challenges import NOTHING_ISSUED, Issued
from tulle.model.documents import Document
from tulle.model.extensions import LogProvider, MeshDefaults
from tulle.model.findings import Finding
from tulle.model.listeners import Listener
from tulle.model.mesh import Mesh, Settings
from tulle.model.names import Name
from tulle.model.objects import ConfigMap, Secret
from tulle.model.providers import Provider
from tulle.model.resolvers import CertificateResolver
from tulle.model.security import RequestAuthentication
from tulle.model.services import Service

DEFAULT_SETTINGS = Settings()
NO_KEYS: Mapping[str, str] = {}


class Builder:
    """Builds the mesh again and again, from documents of which each time a few are different."""

    def __init__(self, last_good: LastGood | None = None, seal: str = "") -> None:
        """`last_good`: what was good in an earlier process, and will be told what the next one should know.

        `seal`: what cookies are proven by.
        """
        self._seal = seal
        self._last_good = last_good or LastGood()
        self._parts = Parts(last_good=self._last_good)
        self._merge = Merge()
        self._checking = Checking(seal)
        self._mesh = Mesh(settings=DEFAULT_SETTINGS)
        self._services: Layered[Name, Service] = Layered()
        self._secrets: Layered[Name, Secret] = Layered()

    @property
    def documents(self) -> Sequence[Document]:
        """The parts of all documents as they were built last; a new sequence each time."""
        return self._parts.order

    @property
    def is_easing(self) -> bool:
        """Whether the mesh changes further once every proxy has taken it."""
        return self._checking.easing.is_pending

    def build(
        self,
        documents: tuple[Document, ...],
        findings: Iterable[Finding] = (),
        keys: Mapping[str, str] = NO_KEYS,
        unreadable: Set[Place] = NOWHERE,
        taken: Mesh | None = None,
        issued: Issued = NOTHING_ISSUED,
    ) -> Mesh:
        """The mesh that documents describe, and what is wrong with them; the very same, if nothing is different.

        Args:
            documents: all that there are.
            findings: those of their sources.
            keys: key sets of issuers, by their address (`flow.keys`); another mapping if anything in it is different.
            unreadable: files that cannot be read now; if they never could since the start, what they said before that
                stands in for them.
            taken: the newest mesh of these that every proxy has taken (`flow.easing`).
            issued: certificates that authorities have signed; another object if anything in it is different.
        """
        self._checking.taken = taken.guards if taken is not None else {}
        with no_collection():
            try:
                kept = self._last_good.stand_ins(documents, unreadable)
                return self._built((*documents, *kept), still_counting(findings, kept), keys, issued)
            except Exception:
                # What is remembered may be half of before and half of now: from the beginning, but for good versions.
                self._parts, self._merge, self._checking = self._parts.anew(), Merge(), Checking(self._seal)
                raise

    def _built(
        self, documents: tuple[Document, ...], findings: Iterable[Finding], keys: Mapping[str, str], issued: Issued
    ) -> Mesh:
        guarding = self._checking.guarding
        change = self._parts.update(documents)
        is_other = change.added or change.removed or change.moved or keys is not guarding.keys
        is_other = is_other or issued is not self._checking.issued
        if is_other or self._checking.easing.can_go_on(self._checking.taken):
            guarding.keys = keys
            self._checking.issued = issued
            merge = self._merge
            merge.update(change, self._parts.fragments, self._parts.rank)
            native = merge.settings.table.get(SETTINGS, DEFAULT_SETTINGS)
            settings = settled(
                native, tuple(typed(merge, MeshDefaults).values()), tuple(typed(merge, LogProvider).values())
            )
            checking = self._checking
            checking.update(merge, self._parts, self._parts.rank, settings)
            self._mesh = Mesh(
                settings=settings,
                services=self._services.update(checking.services, checking.edge.services),
                workloads=checking.workloads,
                listeners=self._together(checking.listeners, checking.edge.listeners),
                gateway_routes=checking.routing.gateway + checking.edge.routes,
                service_routes=checking.routing.services,
                host_routes=checking.routing.hosts,
                hosts=checking.hosts,
                guards=checking.easing.guards,
                gateway_guard=checking.guarding.gateway,
                gateway_guards=checking.guarding.gateways,
                secrets=self._secrets.update(typed(merge, Secret), checking.edge.secrets),
                config_maps=typed(merge, ConfigMap),
                tokens=typed(merge, RequestAuthentication),
                providers=typed(merge, Provider),
                resolvers=typed(merge, CertificateResolver),
                edge=checking.edge.state,
                statuses=checking.statuses,
                findings=self._mesh.findings,
            )
        everything = _sorted([*findings, *self._findings()])
        if everything != self._mesh.findings:
            self._mesh = replace(self._mesh, findings=everything)
        return self._mesh

    def _together(self, written: Mapping[Name, Listener], made: Mapping[Name, Listener]) -> Mapping[Name, Listener]:
        """Listeners of documents, and those of entry points, in their order; the same table if nothing changed."""
        both = {**written, **made} if made else written
        return self._mesh.listeners if list(self._mesh.listeners.items()) == list(both.items()) else both

    def _findings(self) -> Iterable[Finding]:
        for found in self._parts.findings.values():
            yield from found
        yield from self._merge.findings(self._parts.rank)
        yield from self._checking.findings()


def _sorted(findings: list[Finding]) -> tuple[Finding, ...]:
    """By place, each once."""
    distinct = dict.fromkeys(sorted(findings, key=lambda f: (f.origin.file, f.origin.line, f.message, f.severity)))
    return tuple(distinct)

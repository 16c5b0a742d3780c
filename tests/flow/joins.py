"""The joins of the flow over documents that say what a test wants them to say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tulle.flow.guarding import Guarding
from tulle.flow.joining import Joining
from tulle.flow.merge import Merge
from tulle.flow.parts import Change
from tulle.flow.templates import Templates
from tulle.model.documents import Document, Key, Origin
from tulle.model.mesh import Fragment, Settings
from tulle.model.names import Name
from tulle.model.services import Service
from tulle.model.workloads import Workload

SETTINGS = Settings()


class Joins:
    """Merge, templates, services and guards, each updated after every change."""

    def __init__(self) -> None:
        self.merge, self.templates, self.joining, self.guarding = Merge(), Templates(), Joining(), Guarding()
        self.settings = SETTINGS
        self.documents: dict[str, Document] = {}
        self.fragments: dict[Document, Fragment] = {}
        self.changed: frozenset[Name] = frozenset()
        self.keys: Mapping[str, str] = {}

    def put(self, file: str, **says: Any) -> frozenset[Name]:
        """Let a document say something else; the names of the services that changed."""
        old = self.documents.get(file)
        new = Document(Origin("file", file, subject=file), Key("x", Name("default", file)), {})
        self.documents[file] = new
        self.fragments[new] = Fragment(**says)
        change = Change(frozenset({new}), frozenset({old} if old else ()))
        self.merge.update(change, self.fragments, [*self.documents.values()].index)
        moved = self.templates.update(self.merge)
        self.changed = self.joining.update(self.merge, self.workloads, moved)
        self.guarding.keys = self.keys
        self.guarding.update(self.merge, self.workloads, moved, self.joining, self.joining.services, self.settings)
        return self.changed

    @property
    def workloads(self) -> dict[Name, Workload]:
        return self.templates.workloads

    @property
    def services(self) -> dict[Name, Service]:
        return self.joining.services

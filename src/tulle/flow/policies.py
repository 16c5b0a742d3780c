"""Policies by namespace, and whom each of them is about. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tulle.flow.index import Index
from tulle.flow.joining import typed
from tulle.flow.merge import Merge
from tulle.model.names import Name
from tulle.model.security import Target

Labels = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom policies may be about."""

    namespace: str
    labels: Labels
    names: frozenset[Target] = frozenset()
    """What policies are attached to that mean it: the services that it answers for, or a gateway and its class."""
    root_labels: Labels = ()
    """Labels by which policies of the root namespace find it, too."""

    def is_meant(self, policy: Any, root: str) -> bool:
        """Whether a policy of its namespace, or of the root namespace, is about it."""
        targets = getattr(policy, "targets", ())
        if targets:
            return not self.names.isdisjoint(targets)
        labels = (*self.labels, *self.root_labels) if policy.name.namespace == root else self.labels
        return frozenset(policy.selector).issubset(labels)


class Policies:
    """Policies of one kind by namespace."""

    def __init__(self, kind: type[Any]) -> None:
        self.kind = kind
        self._index: Index[str, Any] = Index(lambda each: (each.name.namespace,), _oldest_first)

    def update(self, merge: Merge) -> set[str]:
        """Take in what was merged now; the namespaces in which something is different."""
        return self.take(typed(merge, self.kind), merge.changed.objects.get(self.kind, ()))

    def take(self, policies: Mapping[Name, Any], changed: Iterable[Name]) -> set[str]:
        """The same for policies that are not taken as they were merged."""
        return self._index.update(policies, changed)

    def __iter__(self) -> Iterator[Any]:
        for space in self._index:
            yield from self._index.get(space)

    def about(self, root: str, subject: Subject) -> tuple[Any, ...]:
        """Those for a workload: of the root namespace, then of its own; only those that choose it."""
        spaces = (root,) if root == subject.namespace else (root, subject.namespace)
        return tuple(each for space in spaces for each in self._index.get(space) if subject.is_meant(each, root))


def _oldest_first(name: Name, policy: Any) -> tuple[int, str, Name]:
    return getattr(policy, "priority", 0), getattr(policy, "created", ""), name

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
    home: str = ""
    """The namespace whose policies select it, if not its own: those of gateways that stand elsewhere are attached."""
    others: tuple[str, ...] = ()
    """More namespaces whose policies may be about it."""

    def is_meant(self, policy: Any) -> bool:
        """Whether a policy of its namespace, or of the root namespace, is about it."""
        targets = getattr(policy, "targets", ())
        if targets:
            return not self.names.isdisjoint(targets)
        if self.home and policy.name.namespace != self.home:
            return False
        return frozenset(policy.selector).issubset(self.labels)


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
        spaces = dict.fromkeys((root, subject.namespace, *subject.others))
        return tuple(each for space in spaces for each in self._index.get(space) if subject.is_meant(each))

    def attached(self) -> Iterator[tuple[Target, str]]:
        """What they are attached to by name, and the namespace of the policy."""
        for each in self:
            for target in getattr(each, "targets", ()):
                yield target, each.name.namespace


def _oldest_first(name: Name, policy: Any) -> tuple[int, str, Name]:
    return getattr(policy, "priority", 0), getattr(policy, "created", ""), name

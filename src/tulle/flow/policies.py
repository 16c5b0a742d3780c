"""Policies by namespace, and whom each of them is about. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any, NamedTuple

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
    others: tuple[str, ...] = ()
    """More namespaces, whose policies are about it only if they are attached to it."""

    def is_meant(self, policy: Any, root: str) -> bool:
        """Whether a policy of its namespace, or of the root namespace, is about it."""
        targets = getattr(policy, "targets", ())
        if targets:
            return not self.names.isdisjoint(targets)
        labels = (*self.labels, *self.root_labels) if policy.name.namespace == root else self.labels
        return frozenset(policy.selector).issubset(labels)


class Place(NamedTuple):
    """Where a policy is looked for by those whom it may be about."""

    namespace: str
    selector: Labels = ()
    """The first label that it selects by; empty: it selects everything."""
    target: Target | None = None
    """What it is attached to by name."""


class Policies:
    """Policies of one kind, found by whom they may be about without looking at all of them."""

    def __init__(self, kind: type[Any]) -> None:
        self.kind = kind
        self._table: Mapping[Name, Any] = {}
        self._index: Index[Place, Any] = Index(_places, _oldest_first)

    def update(self, merge: Merge) -> set[Place]:
        """Take in what was merged now; the places where something is different."""
        return self.take(typed(merge, self.kind), merge.changed.objects.get(self.kind, ()))

    def take(self, policies: Mapping[Name, Any], changed: Iterable[Name]) -> set[Place]:
        """The same for policies that are not taken as they were merged."""
        self._table = policies
        return self._index.update(policies, changed)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._table.values())

    def about(self, root: str, subject: Subject) -> tuple[Any, ...]:
        """Those for a workload: of the root namespace, then of its own; only those that choose it."""
        if not self._table:
            return ()
        spaces = (root,) if root == subject.namespace else (root, subject.namespace)
        attached = (Place(space, target=target) for space in subject.others for target in subject.names)
        return (
            *(each for space in spaces for each in self._found(space, subject, root)),
            *chain.from_iterable(map(self._index.get, attached)),
        )

    def _found(self, space: str, subject: Subject, root: str) -> Iterable[Any]:
        """Those of a namespace that are about somebody, the oldest first."""
        labels = (*subject.labels, *subject.root_labels) if space == root else subject.labels
        places = [Place(space), *(Place(space, (label,)) for label in labels)]
        places += [Place(space, target=target) for target in subject.names]
        groups = [group for place in places if (group := self._index.get(place))]
        distinct = {each.name: each for each in chain.from_iterable(groups)}
        found = [each for each in distinct.values() if subject.is_meant(each, root)]
        return found if len(groups) <= 1 else sorted(found, key=lambda each: _oldest_first(each.name, each))


def _places(policy: Any) -> tuple[Place, ...]:
    space, targets = policy.name.namespace, getattr(policy, "targets", ())
    if targets:
        return tuple(Place(space, target=target) for target in dict.fromkeys(targets))
    return (Place(space, policy.selector[:1]),)


def _oldest_first(name: Name, policy: Any) -> tuple[int, str, Name]:
    return getattr(policy, "priority", 0), getattr(policy, "created", ""), name

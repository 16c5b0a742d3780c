"""What selectors select: things of a namespace by their labels, without looking at all of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Generic, Protocol, TypeVar

from tulle.flow.index import Index
from tulle.model.names import Name

Labels = tuple[tuple[str, str], ...]
Pair = tuple[str, str, str]
"""Namespace, key and value of a label."""


class Labelled(Protocol):
    """Something that selectors can find."""

    @property
    def name(self) -> Name:
        """Its name, with the namespace."""
        ...

    @property
    def labels(self) -> Labels:
        """What it is found by."""
        ...


Thing = TypeVar("Thing", bound=Labelled)


class Selection(Generic[Thing]):
    """Things by their labels, kept up to date as they change."""

    def __init__(self) -> None:
        self._index: Index[Pair, Thing] = Index(_pairs, lambda name, _: name)

    def update(self, table: Mapping[Name, Thing], changed: Iterable[Name]) -> set[Pair]:
        """Take in the table of now, of which these names differ; the labels under which other things are found now."""
        return self._index.update(table, changed)

    def select(self, namespace: str, selector: Labels) -> tuple[Thing, ...]:
        """The things of a namespace with all of these labels, in order; nothing for an empty selector."""
        groups = [self._index.get((namespace, key, value)) for key, value in selector]
        if not groups:
            return ()
        wanted = frozenset(selector)
        return tuple(thing for thing in min(groups, key=len) if wanted.issubset(thing.labels))


def pairs(namespace: str, selector: Labels) -> tuple[Pair, ...]:
    """The labels that a selector looks at."""
    return tuple((namespace, key, value) for key, value in selector)


def _pairs(thing: Labelled) -> tuple[Pair, ...]:
    return pairs(thing.name.namespace, thing.labels)

"""Names that may be given once: who has each, who wanted it too. Only what changed is looked at."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from typing import Generic, TypeVar

from tulle.kit.tables import changed_keys, replaced
from tulle.model.documents import Document
from tulle.model.names import Name

Thing = TypeVar("Thing")
Key = TypeVar("Key", bound=Hashable)


class Claims(Generic[Thing]):
    """Things of one kind by name. Of several that want a name, the first in the order of the documents has it."""

    def __init__(self, together: Callable[[tuple[Thing, ...]], Thing] | None = None) -> None:
        self._together = together
        """What several, in their order, are instead of the first of them."""
        self.table: dict[Name, Thing] = {}
        """Who has each name. Replaced, never changed in place: it belongs to a published mesh."""
        self._claims: dict[Name, dict[Document, Thing]] = {}
        self._winners: dict[Name, Document] = {}
        self._contested: set[Name] = set()
        self._touched: set[Name] = set()
        self.looked_at: frozenset[Name] = frozenset()
        """Names that the last decision was about, whether or not somebody else has them now."""

    def add(self, name: Name, part: Document, thing: Thing) -> None:
        """A part wants a name."""
        self._claims.setdefault(name, {})[part] = thing
        self._touched.add(name)

    def remove(self, name: Name, part: Document) -> None:
        """A part does not want a name any more."""
        claims = self._claims[name]
        del claims[part]
        if not claims:
            del self._claims[name]
        self._touched.add(name)

    def settle(self, position: Callable[[Document], int]) -> frozenset[Name]:
        """Decide who has each name; the names whose thing changed, appeared or vanished."""
        look = self._touched | self._contested
        self.looked_at = frozenset(look)
        self._touched = set()
        found: list[tuple[Name, Thing | None]] = []
        for name in look:
            claims = self._claims.get(name, {})
            self._contested.discard(name)
            if len(claims) > 1:
                self._contested.add(name)
            order = sorted(claims, key=position) if len(claims) > 1 else list(claims)
            if not order:
                self._winners.pop(name, None)
                found.append((name, None))
            else:
                self._winners[name] = order[0]
                found.append((name, self._decided([claims[part] for part in order])))
        before, self.table = self.table, replaced(self.table, found)
        return frozenset(changed_keys(before, self.table))

    def _decided(self, things: list[Thing]) -> Thing:
        return things[0] if self._together is None or len(things) == 1 else self._together(tuple(things))

    def wanted(self, name: Name, part: Document) -> Thing:
        """What a part says about a name, whoever has it."""
        return self._claims[name][part]

    def losers(self, position: Callable[[Document], int]) -> Iterator[tuple[Name, Document, Document]]:
        """Of each name that several want: the name, who has it, and each of the others."""
        for name in self._contested:
            first, *others = sorted(self._claims[name], key=position)
            for other in others:
                yield name, first, other

    def part_of(self, name: Name) -> Document:
        """The part that has a name."""
        return self._winners[name]

    def winner(self, name: Name) -> tuple[Document, Thing] | None:
        """The part that has a name and what it has by it; None if nobody wants it."""
        part = self._winners.get(name)
        return None if part is None else (part, self.table[name])

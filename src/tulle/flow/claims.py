"""Names that may be given once: who has each, who wanted it too. Only what changed is looked at."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from typing import Generic, TypeVar

from tulle.kit.groups import Groups
from tulle.kit.tables import changed_keys, replaced
from tulle.model.documents import Document
from tulle.model.names import Name

Thing = TypeVar("Thing")
Key = TypeVar("Key", bound=Hashable)


class Contest(Generic[Key, Thing]):
    """Who has a name. Of several that want it, the first in the order of the documents."""

    def __init__(self, together: Callable[[tuple[Thing, ...]], Thing] | None = None) -> None:
        self._together = together
        """What several, in their order, are instead of the first of them."""
        self._claims: Groups[Key, tuple[Document, Thing]] = Groups()
        """Parts that want each name, and what for; after a decision the one that has it is the first."""
        self._contested: set[Key] = set()
        self._touched: set[Key] = set()

    def add(self, name: Key, part: Document, thing: Thing) -> None:
        """A part wants a name."""
        if name in self._claims:
            self._drop(name, part)
        self._claims.add(name, (part, thing))
        self._touched.add(name)

    def remove(self, name: Key, part: Document) -> None:
        """A part does not want a name any more."""
        self._drop(name, part)
        self._touched.add(name)

    def _drop(self, name: Key, part: Document) -> None:
        for claim in [each for each in self._claims.get(name) if each[0] is part]:
            self._claims.remove(name, claim)

    def decide(self, position: Callable[[Document], int]) -> list[tuple[Key, Thing | None]]:
        """Decide who has each name about which there is something to decide, whether or not it is somebody else now."""
        look = self._touched | self._contested
        self._touched = set()
        found: list[tuple[Key, Thing | None]] = []
        for name in look:
            claims = tuple(self._claims.get(name))
            if len(claims) > 1:
                claims = self._ordered(name, position)
                self._contested.add(name)
            else:
                self._contested.discard(name)
            found.append((name, self._decided(claims) if claims else None))
        return found

    def _ordered(self, name: Key, position: Callable[[Document], int]) -> tuple[tuple[Document, Thing], ...]:
        """Put the claims to a name into the order of the documents."""
        claims = tuple(sorted(self._claims.pop(name), key=lambda claim: position(claim[0])))
        for claim in claims:
            self._claims.add(name, claim)
        return claims

    def _decided(self, claims: tuple[tuple[Document, Thing], ...]) -> Thing:
        if self._together is None or len(claims) == 1:
            return claims[0][1]
        return self._together(tuple(thing for _, thing in claims))

    def wanted(self, name: Key, part: Document) -> Thing:
        """What a part says about a name, whoever has it."""
        return next(thing for each, thing in self._claims.get(name) if each is part)

    def losers(self, position: Callable[[Document], int]) -> Iterator[tuple[Key, Document, Document]]:
        """Of each name that several want: the name, who has it, and each of the others."""
        for name in self._contested:
            (first, _), *others = sorted(self._claims.get(name), key=lambda claim: position(claim[0]))
            for other, _ in others:
                yield name, first, other

    def part_of(self, name: Key) -> Document:
        """The part that has a name."""
        return next(iter(self._claims.get(name)))[0]

    def winner(self, name: Key) -> tuple[Document, Thing] | None:
        """The part that has a name and what it has by it; None if nobody wants it."""
        return next(iter(self._claims.get(name)), None)


class Claims(Contest[Name, Thing]):
    """Things of one kind by name."""

    def __init__(self, together: Callable[[tuple[Thing, ...]], Thing] | None = None) -> None:
        super().__init__(together)
        self.table: dict[Name, Thing] = {}
        """Who has each name. Replaced, never changed in place: it belongs to a published mesh."""

    def settle(self, position: Callable[[Document], int]) -> frozenset[Name]:
        """Decide who has each name; the names whose thing changed, appeared or vanished."""
        before, self.table = self.table, replaced(self.table, self.decide(position))
        return frozenset(changed_keys(before, self.table))

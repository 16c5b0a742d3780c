"""Long sequences of which little changes: where two of them differ, and what stands where in them."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Hashable, Iterable, Mapping, Sequence
from itertools import chain, compress, count
from operator import is_not
from typing import Generic, TypeVar

Thing = TypeVar("Thing")
Key = TypeVar("Key", bound=Hashable)
MOST_PLACES = 32
"""Places in which two sequences may differ before everything between the first and the last is taken as different."""
GAP = 1 << 32
"""Ranks that are free between two neighbours at first."""
Span = tuple[int, int, int, int]
"""From and to (exclusive) in the sequence before, and in the one of now."""


def differing(before: Sequence[object], now: Sequence[object]) -> tuple[Span, ...]:
    """Where two sequences differ, object by object: single places if they are of the same length, or one span."""
    shorter = min(len(before), len(now))
    if len(before) == len(now):
        places = list(compress(range(shorter), map(is_not, before, now)))
        if len(places) <= MOST_PLACES:
            return tuple((place, place + 1, place, place + 1) for place in places)
        return ((places[0], places[-1] + 1, places[0], places[-1] + 1),)
    start = next(compress(count(), map(is_not, before, now)), shorter)
    end = next(compress(count(), map(is_not, reversed(before), reversed(now))), shorter)
    end = min(end, shorter - start)
    return ((start, len(before) - end, start, len(now) - end),)


def ranks_between(low: int | None, high: int | None, number: int) -> list[int] | None:
    """So many ranks in ascending order between two others (None: there is no other); None if there is no room."""
    if low is None or high is None:
        first = 0 if high is None else high - GAP * (number + 1)
        first = first if low is None else low
        return [first + GAP * (index + 1) for index in range(number)]
    step = (high - low) // (number + 1)
    return [low + step * (index + 1) for index in range(number)] if step else None


class Ranked(Generic[Key, Thing]):
    """Groups of things, each at a rank; all of them together in the order of the ranks."""

    def __init__(self) -> None:
        self.together: tuple[Thing, ...] = ()
        """Everything; the same tuple until something is different."""
        self._ranks: list[int] = []
        self._groups: list[tuple[Thing, ...]] = []
        self._known: dict[Key, int] = {}

    def update(self, gone: Iterable[Key], groups: Mapping[Key, tuple[int, tuple[Thing, ...]]]) -> None:
        """Take groups away, and put in others with their ranks."""
        gone = [key for key in gone if key in self._known and key not in groups]
        groups = {key: found for key, found in groups.items() if not self._has(key, *found)}
        if not gone and not groups:
            return
        for key in (*gone, *groups):
            rank = self._known.pop(key, None)
            if rank is not None:
                place = bisect_left(self._ranks, rank)
                del self._ranks[place], self._groups[place]
        new = {key: found for key, found in groups.items() if found[1]}
        self._known.update((key, rank) for key, (rank, _) in new.items())
        if len(new) > MOST_PLACES:
            everything = sorted((*zip(self._ranks, self._groups, strict=True), *new.values()), key=lambda each: each[0])
            self._ranks = [rank for rank, _ in everything]
            self._groups = [group for _, group in everything]
        else:
            for rank, group in new.values():
                place = bisect_left(self._ranks, rank)
                self._ranks.insert(place, rank)
                self._groups.insert(place, group)
        together = tuple(chain.from_iterable(self._groups))
        if together != self.together:
            self.together = together

    def _has(self, key: Key, rank: int, group: tuple[Thing, ...]) -> bool:
        """Whether a group stands there already."""
        known = self._known.get(key)
        return not group if known is None else known == rank and self._groups[bisect_left(self._ranks, rank)] == group

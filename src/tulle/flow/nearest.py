"""The known name that is nearest to an unknown one, among very many, in no time."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection

from tulle.model.findings import did_you_mean

NEIGHBOURS = 24
"""How many names with a similar beginning, and with a similar end, are looked at on each side."""


class Nearest:
    """Suggestions for typos. Compares only names that begin or end like the unknown one."""

    def __init__(self, known: Collection[str]) -> None:
        self._forward = sorted(known)
        self._backward = sorted(name[::-1] for name in known)

    def hint(self, word: str) -> str:
        """`; did you mean "web"?`, or nothing."""
        backward = (name[::-1] for name in _around(self._backward, word[::-1]))
        return did_you_mean(word, dict.fromkeys((*_around(self._forward, word), *backward)))


def _around(names: list[str], word: str) -> list[str]:
    place = bisect_left(names, word)
    return names[max(0, place - NEIGHBOURS) : place + NEIGHBOURS]

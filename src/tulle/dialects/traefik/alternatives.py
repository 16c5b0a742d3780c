"""What a rule asks as alternatives, each a list of conditions that must all hold: as the routes of a proxy have it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tulle.dialects.traefik.conditions import Formula, Some, fits, negation
from tulle.model.conditions import SINGLE, Comparison, Condition, Conjunction, Subject

MOST = 64
_STEPS = 64
"""Pairs that may be looked at for each alternative allowed, so that no rule keeps the control plane busy."""


class _TooManyError(Exception):
    pass


def alternatives(formula: Formula, most: int = MOST) -> tuple[Conjunction, ...] | None:
    """Conditions, any list of which has to hold; None if there would be more lists than `most`.

    No list can never hold, as far as that is plain to see, none says anything twice and none is covered by another
    one. `()` is never true, `((),)` always.
    """
    try:
        found = _Expansion(most).of(formula)
    except _TooManyError:
        return None
    return tuple(tuple(sorted(each)) for each in found)


class _Expansion:
    """Multiplies out, until there is too much."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._steps = most * _STEPS

    def of(self, formula: Formula) -> list[frozenset[Condition]]:
        match formula:
            case Condition():
                return [frozenset({formula})]
            case Some(parts):
                return self._few(each for part in parts for each in self.of(part))
            case _:
                found: list[frozenset[Condition]] = [frozenset()]
                for part in dict.fromkeys(formula.parts):
                    found = self._product(found, self.of(part))
                return found

    def _product(
        self, one: Sequence[frozenset[Condition]], other: Sequence[frozenset[Condition]]
    ) -> list[frozenset[Condition]]:
        self._steps -= len(one) * len(other)
        if self._steps < 0:
            raise _TooManyError
        merged = (_settled(left | right) for left in one for right in other)
        return self._few(each for each in merged if each is not None)

    def _few(self, conjunctions: Iterable[frozenset[Condition]]) -> list[frozenset[Condition]]:
        found = _widest(conjunctions)
        if len(found) > self._most:
            raise _TooManyError
        return found


def _settled(conjunction: frozenset[Condition]) -> frozenset[Condition] | None:
    """Without conditions that others answer already; None if two of them contradict each other."""
    if any(negation(each) in conjunction for each in conjunction if each.is_negated):
        return None
    known = {each.subject: each for each in conjunction if _is_exact(each)}
    needed: list[Condition] = []
    for each in conjunction:
        exact = known.get(each.subject, each)
        answers = (
            {fits(each, text) is not each.is_negated for text in _spellings(exact)} if exact is not each else set()
        )
        if answers == {False}:
            return None
        if answers != {True}:
            needed.append(each)
    return frozenset(needed)


def _is_exact(condition: Condition) -> bool:
    is_text = condition.subject in SINGLE and condition.comparison is Comparison.EXACT
    return is_text and not condition.is_negated


def _spellings(exact: Condition) -> tuple[str, ...]:
    """Every text that an exact condition fits."""
    return (exact.value, f"{exact.value}.") if exact.subject is Subject.HOST else (exact.value,)


def _widest(conjunctions: Iterable[frozenset[Condition]]) -> list[frozenset[Condition]]:
    """Each once, in their order, and only those that no wider one covers."""
    each_once = list(dict.fromkeys(conjunctions))
    wide: dict[Condition, list[frozenset[Condition]]] = {}
    kept: set[frozenset[Condition]] = set()
    for each in sorted(each_once, key=len):
        # What covers it is found by one of its conditions: comparing all with all would take the square of the time.
        if frozenset() in kept or any(other <= each for condition in each for other in wide.get(condition, ())):
            continue
        kept.add(each)
        for condition in list(each)[:1]:
            wide.setdefault(condition, []).append(each)
    return [each for each in each_once if each in kept]

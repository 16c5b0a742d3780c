"""Rules that are never used, because rules before them take every such request (or connection)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from tulle.dialects.istio.targets import Conditional, Limited
from tulle.dialects.written import Step, Written
from tulle.model.covering import covers, covers_stream
from tulle.model.routes import Delegate, Match, RouteRule, StreamMatch, StreamRule

M = TypeVar("M", Match, StreamMatch)
COMPARED = 100
"""Conditions that each later one is compared with; of more, only catch-alls and exact repetitions are found."""


@dataclass(slots=True)
class _Before(Generic[M]):
    """Conditions before, and the positions of what has them."""

    covers: Callable[[M, M], bool]
    everything: M
    compared: list[tuple[Limited[M], int]] = field(default_factory=list)
    exact: dict[Limited[M], int] = field(default_factory=dict)

    def add(self, condition: Limited[M], index: int) -> None:
        self.exact.setdefault(condition, index)
        if len(self.compared) < COMPARED or self.covers(condition.match, self.everything):
            self.compared.append((condition, index))

    def taker(self, condition: Limited[M]) -> int | None:
        """The position of what takes everything of a condition, or None."""
        for other, index in self.compared:
            is_for_all = not other.targets or (condition.targets and set(condition.targets) <= set(other.targets))
            if is_for_all and self.covers(other.match, condition.match):
                return index
        return self.exact.get(condition)


def check(part: Written, path: tuple[Step, ...], rules: Sequence[Conditional[RouteRule, Match]]) -> None:
    """Warn about each rule (or each of its matches) behind what takes all of its requests."""
    before = _Before(covers, Match())
    for index, rule in enumerate(rules):
        _look(part, (*path, index), rule.conditions, before, "requests")
        # What a delegate does not match comes back to the rules behind it.
        if not isinstance(rule.rule.action, Delegate):
            for condition in rule.conditions:
                before.add(condition, index)


def check_streams(part: Written, path: tuple[Step, ...], rules: Sequence[Conditional[StreamRule, StreamMatch]]) -> None:
    """The same for rules for connections."""
    before = _Before(covers_stream, StreamMatch())
    for index, rule in enumerate(rules):
        _look(part, (*path, index), rule.conditions, before, "connections")
        for condition in rule.conditions:
            before.add(condition, index)


def _look(
    part: Written, path: tuple[Step, ...], conditions: Sequence[Limited[M]], before: _Before[M], what: str
) -> None:
    """At the rule at `path`, with those before it in mind."""
    takers = [before.taker(condition) for condition in conditions]
    if None not in takers:
        part.warning(path, f"is never used: {path[-2]}[{takers[0]}] takes all of its {what} before")
        return
    own = _Before(before.covers, before.everything)
    for position, (condition, taker) in enumerate(zip(conditions, takers, strict=True)):
        place = (*path, "match", position)
        if taker is not None:
            part.warning(place, f"is never used: {path[-2]}[{taker}] takes all of its {what} before")
        elif (twin := own.taker(condition)) is not None:
            part.warning(place, f"adds nothing: match[{twin}] of this rule has all of its {what} already")
        own.add(condition, position)

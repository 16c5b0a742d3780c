"""Rules that are never used, because rules before them take every such request."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from tulle.dialects.istio.targets import Conditional, Limited
from tulle.dialects.written import Step, Written
from tulle.model.covering import covers, is_everything
from tulle.model.routes import Delegate, Match, RouteRule

COMPARED = 100
"""Conditions that each later one is compared with; of more, only catch-alls and exact repetitions are found."""


@dataclass(slots=True)
class _Before:
    """Conditions of the rules before, and the positions of their rules."""

    compared: list[tuple[Limited[Match], int]] = field(default_factory=list)
    exact: dict[Limited[Match], int] = field(default_factory=dict)

    def add(self, condition: Limited[Match], index: int) -> None:
        self.exact.setdefault(condition, index)
        if len(self.compared) < COMPARED or is_everything(condition.match):
            self.compared.append((condition, index))

    def taker(self, condition: Limited[Match]) -> int | None:
        """The position of the rule that takes all requests of a condition, or None."""
        for other, index in self.compared:
            is_for_all = not other.targets or (condition.targets and set(condition.targets) <= set(other.targets))
            if is_for_all and covers(other.match, condition.match):
                return index
        return self.exact.get(condition)


def check(part: Written, path: tuple[Step, ...], rules: Sequence[Conditional[RouteRule, Match]]) -> None:
    """Warn about each rule (or each of its matches) behind a rule that takes all of its requests."""
    before = _Before()
    for index, rule in enumerate(rules):
        takers = [before.taker(condition) for condition in rule.conditions]
        is_hidden = None not in takers
        for position, taker in enumerate(takers[:1] if is_hidden else takers):
            if taker is not None:
                place = (*path, index) if is_hidden else (*path, index, "match", position)
                part.warning(place, f"is never used: {path[-1]}[{taker}] takes all of its requests before")
        # What a delegate does not match comes back to the rules behind it.
        if not isinstance(rule.rule.action, Delegate):
            for condition in rule.conditions:
                before.add(condition, index)

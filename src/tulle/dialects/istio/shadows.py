"""Rules that are never used, because rules before them take every such request."""

from __future__ import annotations

from collections.abc import Sequence

from tulle.dialects.istio.targets import Conditional, Limited
from tulle.dialects.written import Step, Written
from tulle.model.routes import Delegate, Match, PathKind, PathMatch, RouteRule, Source

_EVERYTHING = frozenset((".*", "/.*"))
"""Patterns that every path matches."""
LARGEST = 1000
"""Documents with more rules are not checked pair by pair: only what stands behind a catch-all is found."""


def check(part: Written, path: tuple[Step, ...], rules: Sequence[Conditional[RouteRule, Match]]) -> None:
    """Warn about each rule (or each of its matches) behind a rule that takes all of its requests."""
    before: list[tuple[Limited[Match], int]] = []
    for index, rule in enumerate(rules):
        known = before if len(before) <= LARGEST else [each for each in before if is_everything(each[0].match)]
        hidden = [_before(condition, known) for condition in rule.conditions]
        if None not in hidden:
            part.warning((*path, index), f"is never used: {path[-1]}[{hidden[0]}] takes all of its requests before")
        else:
            for position, taker in enumerate(hidden):
                if taker is not None:
                    message = f"is never used: {path[-1]}[{taker}] takes all of its requests before"
                    part.warning((*path, index, "match", position), message)
        # What a delegate does not match comes back to the rules behind it.
        if not isinstance(rule.rule.action, Delegate):
            before.extend((condition, index) for condition in rule.conditions)


def _before(condition: Limited[Match], known: Sequence[tuple[Limited[Match], int]]) -> int | None:
    for other, index in known:
        is_for_all = not other.targets or (condition.targets and set(condition.targets) <= set(other.targets))
        if is_for_all and covers(other.match, condition.match):
            return index
    return None


def is_everything(match: Match) -> bool:
    """Whether every request fits."""
    return covers(match, Match())


def covers(wide: Match, narrow: Match) -> bool:
    """Whether every request of `narrow` is one of `wide`. May say no where only a proof is missing."""
    return (
        _covers_path(wide.path, narrow.path)
        and _covers_words(wide.methods, narrow.methods)
        and _covers_words(wide.ports, narrow.ports)
        and set(wide.headers) <= set(narrow.headers)
        and set(wide.query) <= set(narrow.query)
        and set(wide.claims) <= set(narrow.claims)
        and _covers_source(wide.source, narrow.source)
    )


def _covers_words(wide: Sequence[object], narrow: Sequence[object]) -> bool:
    return not wide or (bool(narrow) and set(narrow) <= set(wide))


def _covers_source(wide: Source | None, narrow: Source | None) -> bool:
    if wide is None or narrow is None:
        return wide is None
    return wide.namespace in {"", narrow.namespace} and set(wide.labels) <= set(narrow.labels)


def _covers_path(wide: PathMatch | None, narrow: PathMatch | None) -> bool:
    if wide is None:
        return True
    if wide.kind is PathKind.REGEX:
        return wide.value in _EVERYTHING or wide == narrow
    if wide.kind is PathKind.TEXT_PREFIX and wide.value in {"", "/"}:
        return True
    if narrow is None or narrow.kind is PathKind.REGEX or (narrow.ignore_case and not wide.ignore_case):
        return False
    one, other = wide.value, narrow.value
    if wide.ignore_case:
        one, other = one.lower(), other.lower()
    if wide.kind is PathKind.TEXT_PREFIX:
        return other.startswith(one)
    return narrow.kind is PathKind.EXACT and one == other

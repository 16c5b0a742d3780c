"""Whether lists of rules mean the same to every caller as the sets of rules that they were made of. Pure.

Sets are merged anew for each caller, by what is left of them for it; a list keeps its order whoever calls.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import product

from tulle.envoy import scope, views
from tulle.envoy.routes import in_order
from tulle.flow.flattening import Steps, deed, reachable, unmatched
from tulle.model.routes import Match, RouteRule, RouteSet

ELSEWHERE = "elsewhere.invalid"
"""Stands for every namespace that nobody speaks of."""
Labels = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Perspective:
    """A caller, and the port that it calls."""

    namespace: str
    labels: Labels
    port: int | None


def is_same(before: Iterable[RouteSet], after: Iterable[RouteSet], ports: Iterable[int]) -> bool:
    """Whether every caller that makes a difference finds the same rules in the same order."""
    mine, its = (tuple(each for each in group if each.rules) for group in (before, after))
    if len(mine) < 2:
        return True
    return all(_seen(mine, each) == _seen(its, each) for each in _perspectives(mine, tuple(ports)))


def _perspectives(sets: tuple[RouteSet, ...], ports: tuple[int, ...]) -> Iterator[Perspective]:
    matches = [match for each in sets for rule in each.rules for match in rule.matches]
    sources = [match.source for match in matches if match.source is not None]
    spaces = {ELSEWHERE, *(each.namespace for each in sources)} | {each.name.namespace for each in sets}
    spaces |= {space for each in sets for space in each.exports if space not in {"*", "."}}
    labels: set[Labels] = {(), *(each.labels for each in sources)}
    for space, having, port in product(sorted(spaces - {""}), sorted(labels), ports or (None,)):
        yield Perspective(space, having, port)


def _seen(sets: tuple[RouteSet, ...], by: Perspective) -> tuple[tuple[Match, RouteRule], ...]:
    views_ = [
        views.for_caller(each, by.namespace, by.labels, by.port)
        for each in sets
        if scope.is_exported(each.exports, each.name.namespace, by.namespace)
    ]
    seen = [each for each in views_ if each is not None]
    steps = (*in_order(seen), *unmatched(seen))
    return tuple((match, deed(rule)) for match, rule in reachable(_bare(steps)))


def _bare(steps: Iterable[tuple[Match, RouteRule]]) -> Steps:
    return tuple((replace(match, source=None, ports=()), rule) for match, rule in steps)

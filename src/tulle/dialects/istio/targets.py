"""For whom rules are: the workloads of the mesh, or some gateways; and which conditions are left for each of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from tulle.dialects.fields import LABEL
from tulle.dialects.istio.hosts import service_name
from tulle.dialects.objects import SUBDOMAIN
from tulle.dialects.written import Step, Written
from tulle.model.names import Name
from tulle.model.routes import Match, RouteRule, StreamMatch, StreamRule

MESH = "mesh"
Condition = TypeVar("Condition", Match, StreamMatch)
Rule = TypeVar("Rule", RouteRule, StreamRule)
Target = Name | None
"""A gateway, or None for the mesh."""


@dataclass(frozen=True, slots=True)
class Limited(Generic[Condition]):
    """A condition, and for whom it is."""

    match: Condition
    targets: tuple[Target, ...] = ()
    """Empty: for everybody that the document is for."""

    def fits(self, target: Target) -> bool:
        """Whether it is for a target."""
        return not self.targets or target in self.targets


@dataclass(frozen=True, slots=True)
class Conditional(Generic[Rule, Condition]):
    """A rule and the conditions that it has, in the order in which they were written."""

    rule: Rule
    conditions: tuple[Limited[Condition], ...]

    def selection(self, target: Target) -> tuple[int, ...]:
        """Which of its conditions are for a target."""
        return tuple(index for index, each in enumerate(self.conditions) if each.fits(target))


def targets(part: Written, path: tuple[Step, ...], given: Sequence[str]) -> tuple[Target, ...]:
    """The gateways that a list at `path` names, the mesh as None; mistakes are noted."""
    found: dict[Target, None] = {}
    for index, text in enumerate(given):
        target = _target(text, part.document.key.name.namespace)
        if isinstance(target, str):
            part.error((*path, index), target)
        elif target in found:
            part.warning((*path, index), f"names {text} once more")
        else:
            found[target] = None
    return tuple(found)


def narrowed(
    part: Written, path: tuple[Step, ...], given: Sequence[str], known: tuple[Target, ...]
) -> tuple[Target, ...]:
    """For whom one condition is; `known` are the targets of the document."""
    found = targets(part, path, given)
    for index, text in enumerate(given):
        if _target(text, part.document.key.name.namespace) not in {*known, *_problems(text)}:
            part.warning((*path, index), f'is "{text}", which is none of the gateways of this document')
    return found


def _problems(text: str) -> tuple[str, ...]:
    problem = _target(text, "")
    return (problem,) if isinstance(problem, str) else ()


def select(
    rules: Sequence[Conditional[Rule, Condition]], everybody: Sequence[Target]
) -> list[tuple[tuple[Target, ...], tuple[Rule, ...]]]:
    """The rules for each group of targets that get the same; rules are shared as far as they are the same."""
    groups: dict[tuple[tuple[int, ...], ...], list[Target]] = {}
    for target in everybody:
        groups.setdefault(tuple(rule.selection(target) for rule in rules), []).append(target)
    return [
        (tuple(members), tuple(_reduced(rule, kept) for rule, kept in zip(rules, selection, strict=True) if kept))
        for selection, members in groups.items()
    ]


def _reduced(conditional: Conditional[Rule, Condition], kept: tuple[int, ...]) -> Rule:
    if len(kept) == len(conditional.conditions):
        return conditional.rule
    matches = tuple(conditional.conditions[index].match for index in kept)
    return replace(conditional.rule, matches=matches)  # type: ignore[arg-type]


def _target(text: str, namespace: str) -> Target | str:
    """The gateway, None for the mesh, or what is wrong with it."""
    if text == MESH:
        return None
    if (qualified := service_name(text)) is not None:
        return qualified
    place, slash, name = text.rpartition("/")
    if slash and not LABEL.fullmatch(place):
        return f'is "{text}", which names no gateway; write its name, or namespace/name'
    if not SUBDOMAIN.fullmatch(name):
        return f'is "{text}", which names no gateway; write its name, namespace/name, or mesh'
    return Name(place or namespace, name)

"""Policies for a whole namespace of which only one counts: the oldest, or else the first by name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeAlias

from tulle.flow.advisors.base import Labels, World, labelled
from tulle.flow.joining import typed
from tulle.model.extensions import Scope
from tulle.model.findings import Finding
from tulle.model.security import PeerAuthentication

Policy: TypeAlias = PeerAuthentication | Scope
KINDS: tuple[type[Policy], ...] = (PeerAuthentication, Scope)


class Seniors:
    """Looks at all of a kind whenever one is different: there are few."""

    def __init__(self) -> None:
        self._findings: dict[type[Policy], tuple[Finding, ...]] = {}

    def update(self, world: World) -> None:
        """Look again if anything changed."""
        for kind in KINDS:
            if world.changed(kind):
                self._findings[kind] = tuple(_look(typed(world.merge, kind).values()))

    def findings(self) -> Iterable[Finding]:
        """About every policy that another one hides."""
        return (finding for found in self._findings.values() for finding in found)


ADVISOR = Seniors


def _look(policies: Iterable[Policy]) -> Iterator[Finding]:
    groups: dict[tuple[str, Labels], list[Policy]] = {}
    for policy in policies:
        groups.setdefault((policy.name.namespace, policy.selector), []).append(policy)
    for (namespace, selector), group in groups.items():
        first, *others = sorted(group, key=lambda each: (getattr(each, "created", ""), each.name))
        who = f"workloads with {labelled(selector)}" if selector else "all workloads"
        for each in others:
            message = (
                f"it is not used: {first.origin.subject} ({first.origin}) is for {who} of namespace {namespace} too"
            )
            yield Finding.warning(
                each.selector_origin or each.origin, f"{each.origin.subject}: {message}, and comes first"
            )

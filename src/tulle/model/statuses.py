"""What became of an object, in conditions as Kubernetes has them: for objects whose specification demands a status."""

from __future__ import annotations

from dataclasses import dataclass

from tulle.kit.quick import quick
from tulle.model.names import Name

Place = tuple[object, str]
"""What a condition is about (None: the object; the reference of a parent; the name of a listener), and its type."""


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One statement about an object."""

    type: str
    """`Accepted`, `ResolvedRefs`, `Programmed`, …"""
    status: bool
    reason: str
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ParentStatus:
    """What became of a route at one of its parents."""

    reference: tuple[tuple[str, str], ...]
    """As it was written."""
    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SectionStatus:
    """What became of one listener of a gateway."""

    name: str
    attached_routes: int
    kinds: tuple[str, ...]
    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """What became of one object."""

    conditions: tuple[Condition, ...] = ()
    parents: tuple[ParentStatus, ...] = ()
    sections: tuple[SectionStatus, ...] = ()
    addresses: tuple[tuple[str, str], ...] = ()
    """Type and value: `("IPAddress", "127.0.0.1")`."""
    features: tuple[str, ...] = ()
    """Of a class of gateways: what is supported, in the words of the specification."""
    attached_sets: int | None = None
    """Of a gateway: how many sets of listeners were added to it."""

    def placed(self) -> dict[Place, Condition]:
        """All of its conditions, by what they are about and their type."""
        groups: list[tuple[object, tuple[Condition, ...]]] = [(None, self.conditions)]
        groups += [(each.reference, each.conditions) for each in self.parents]
        groups += [(each.name, each.conditions) for each in self.sections]
        return {(about, each.type): each for about, conditions in groups for each in conditions}


ObjectKey = tuple[str, Name]
"""Kind as its language calls it (`HTTPRoute`) and name."""

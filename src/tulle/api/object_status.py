"""Status as Kubernetes writes it: the `status` of objects in YAML. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from tulle.model.statuses import Condition, ParentStatus, Place, SectionStatus, Status

CONTROLLER = "tulle/gateway"
"""Who says all of this."""
GROUP = "gateway.networking.k8s.io"
ROUTES = frozenset(("HTTPRoute", "GRPCRoute", "TLSRoute", "TCPRoute", "UDPRoute"))
POLICIES = frozenset(("BackendTLSPolicy",))
Plain = dict[str, Any]
UNKNOWN: Mapping[Place, str] = {}


def rendered(kind: str, status: Status, *, generation: int = 1, since: Mapping[Place, str] = UNKNOWN) -> Plain:
    """The `status` of an object of a kind, as plain values.

    `since` are the times of the last transitions, in RFC 3339; conditions have none if theirs is not given.
    """

    def conditions(about: object, found: Iterable[Condition]) -> list[Plain]:
        return [_condition(each, generation, since.get((about, each.type), "")) for each in found]

    def parents(word: str) -> list[Plain]:
        return [
            {
                word: _reference(each),
                "controllerName": CONTROLLER,
                "conditions": conditions(each.reference, each.conditions),
            }
            for each in status.parents
        ]

    def sections() -> list[Plain]:
        return [_section(each, conditions(each.name, each.conditions)) for each in status.sections]

    if kind in ROUTES:
        return {"parents": parents("parentRef")}
    if kind in POLICIES:
        return {"ancestors": parents("ancestorRef")}
    plain: Plain = {"conditions": conditions(None, status.conditions)}
    if status.addresses:
        plain["addresses"] = [{"type": type_, "value": value} for type_, value in status.addresses]
    if status.attached_sets is not None:
        plain["attachedListenerSets"] = status.attached_sets
    if status.sections:
        plain["listeners"] = sections()
    if status.features:
        plain["supportedFeatures"] = [{"name": name} for name in status.features]
    return plain


def _condition(condition: Condition, generation: int, since: str) -> Plain:
    plain: Plain = {
        "type": condition.type,
        "status": "True" if condition.status else "False",
        "reason": condition.reason,
        "message": condition.message,
        "observedGeneration": generation,
    }
    if since:
        plain["lastTransitionTime"] = since
    return plain


def _reference(parent: ParentStatus) -> Plain:
    return {key: int(value) if key == "port" else value for key, value in parent.reference}


def _section(section: SectionStatus, conditions: list[Plain]) -> Plain:
    return {
        "name": section.name,
        "attachedRoutes": section.attached_routes,
        "supportedKinds": [{"group": GROUP, "kind": kind} for kind in section.kinds],
        "conditions": conditions,
    }

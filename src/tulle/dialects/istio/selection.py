"""Which workloads a policy is for: by labels, or by what it is attached to. The same for every kind that has it."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Protocol

from pydantic import Field

from tulle.dialects.objects import Differs, Items, ObjectSpec, Strings, labels_of
from tulle.dialects.written import Written
from tulle.model.names import Name
from tulle.model.security import Target

ROOT_NAMESPACE = "istio-system"
"""Istio's default; a mesh that says otherwise is known only when everything is put together."""
MOST_TARGETS = 16
TARGET_GROUPS = {
    "Gateway": ("gateway.networking.k8s.io",),
    "GatewayClass": ("gateway.networking.k8s.io",),
    "Service": ("", "core"),
    "ServiceEntry": ("networking.istio.io",),
}
"""What can be targeted, and in which API groups."""


class TargetKind(StrEnum):
    """What policies can be attached to."""

    GATEWAY = "Gateway"
    GATEWAY_CLASS = "GatewayClass"
    SERVICE = "Service"
    SERVICE_ENTRY = "ServiceEntry"


class WorkloadSelector(ObjectSpec):
    """Labels that a workload must all have."""

    match_labels: Strings = Field(description="Labels and their values; none at all selects every workload.")


class PolicyTargetReference(ObjectSpec):
    """An object that a policy is attached to."""

    group: str = Field("", description="API group of the object; empty for a Service.")
    kind: TargetKind = Field(strict=False, description="Gateway, GatewayClass, Service or ServiceEntry.")
    name: str = Field(min_length=1, description="Name of the object.")
    namespace: str = Field("", description="Namespace of the object; it can only be that of the policy.")


class Attached(ObjectSpec):
    """A specification of what some workloads do."""

    selector: WorkloadSelector | None = Field(
        None, description="Labels of the workloads; without it all of the namespace, in the root namespace of the mesh."
    )
    target_ref: PolicyTargetReference | None = Field(None, description="Older form of `targetRefs`, with one target.")
    target_refs: Annotated[
        Items[PolicyTargetReference],
        Differs("A Service or a ServiceEntry stands for its workloads: there are no waypoint proxies here."),
    ] = Field((), description="Gateways and services that it is attached to, instead of a selector.")


class HasSelector(Protocol):
    """What has the fields of `Attached`."""

    @property
    def selector(self) -> WorkloadSelector | None:
        """Labels of workloads."""
        ...


def labels(spec: HasSelector) -> tuple[tuple[str, str], ...]:
    """The labels that a specification selects workloads by."""
    return labels_of(spec.selector.match_labels) if spec.selector else ()


def targets(part: Written, spec: Attached) -> tuple[Target, ...]:
    """What a specification is attached to; its mistakes become findings."""
    written: list[tuple[tuple[str | int, ...], PolicyTargetReference]] = []
    if spec.target_ref is not None:
        written.append((("spec", "targetRef"), spec.target_ref))
    written.extend((("spec", "targetRefs", index), each) for index, each in enumerate(spec.target_refs))
    if written and spec.selector is not None:
        part.error(("spec", "selector"), "cannot stand beside targetRefs; write one of them")
    if spec.target_ref is not None and spec.target_refs:
        part.error(("spec", "targetRef"), "cannot stand beside targetRefs; add it to that list")
    if len(written) > MOST_TARGETS:
        part.error(("spec", "targetRefs"), f"has {len(written)} targets; at most {MOST_TARGETS} are possible")
    return tuple(target(part, path, each) for path, each in written)


def target(part: Written, path: tuple[str | int, ...], written: PolicyTargetReference) -> Target:
    """One target; its mistakes become findings."""
    own = part.document.key.name.namespace
    groups = TARGET_GROUPS[written.kind]
    if written.group not in groups:
        part.error((*path, "group"), f'must be "{groups[0]}" for a {written.kind}, not "{written.group}"')
    if written.namespace not in {"", own}:
        part.error((*path, "namespace"), f'must be that of the policy, "{own}", not "{written.namespace}"')
    if written.kind is TargetKind.GATEWAY_CLASS and own != ROOT_NAMESPACE:
        part.warning(
            (*path, "kind"),
            f"is GatewayClass, to which only policies of the root namespace ({ROOT_NAMESPACE}) can be attached",
        )
    return Target(kind=written.kind.value, name=Name(own, written.name), origin=part.at(*path))

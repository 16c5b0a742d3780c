"""`DestinationRule`: how a host is called, and what its subsets are."""

from __future__ import annotations

from pydantic import Field

from tulle.dialects.istio import traffic_policy
from tulle.dialects.istio.hosts import AnyHost, full_host
from tulle.dialects.istio.traffic_policy import NOTHING, TrafficPolicy
from tulle.dialects.istio.values import GROUP, VERSIONS, Exports, created, exports
from tulle.dialects.objects import Items, Object, ObjectKind, ObjectSpec, Strings, labels_of, validated
from tulle.dialects.written import Written
from tulle.model.mesh import Fragment
from tulle.model.policies import Policy
from tulle.model.services import Destination, Subset


class SubsetSpec(ObjectSpec):
    """A named part of the endpoints."""

    name: str = Field(min_length=1, description="What routes call it.")
    labels: Strings = Field(description="Labels that an endpoint must have, all of them.")
    traffic_policy: TrafficPolicy | None = Field(
        None, description="How it is called; each group that is written replaces that of the host."
    )


class ClientSelector(ObjectSpec):
    """Callers by their labels."""

    match_labels: Strings = Field(description="Labels that a caller must have, all of them.")


class DestinationRuleSpec(ObjectSpec):
    """How a host is called."""

    host: AnyHost = Field(description="The service: its short name in this namespace, a full host name, *.example.org.")
    traffic_policy: TrafficPolicy | None = Field(None, description="How it is called.")
    subsets: Items[SubsetSpec] = Field((), description="Named parts of its endpoints.")
    export_to: Exports = Field((), description="Namespaces whose workloads it is for; all if not given.")
    workload_selector: ClientSelector | None = Field(
        None, description="Callers in this namespace that it is for; all if not given."
    )


class DestinationRule(Object):
    """How a host is called, and what its subsets are."""

    spec: DestinationRuleSpec = Field(description="The rule.")


def read(part: Written) -> Fragment:
    """One DestinationRule."""
    found = validated(part, DestinationRule)
    if found is None:
        return Fragment(findings=tuple(part.findings))
    spec = found.spec
    base = spec.traffic_policy or NOTHING
    _check(part, spec, base)
    if any(finding.is_error for finding in part.findings):
        return Fragment(findings=tuple(part.findings))
    destination = Destination(
        name=part.document.key.name,
        origin=part.origin,
        host=full_host(spec.host, part.document.key.name.namespace),
        exports=exports(spec.export_to),
        clients=labels_of(spec.workload_selector.match_labels) if spec.workload_selector is not None else (),
        policy=traffic_policy.model(part, base) if spec.traffic_policy is not None else None,
        port_policies=_policies(part, traffic_policy.ports(base)),
        subsets=tuple(_subset(part, index, each, base) for index, each in enumerate(spec.subsets)),
        created=created(found.metadata),
        host_origin=part.at("spec", "host"),
    )
    return Fragment(objects=(destination,), findings=tuple(part.findings))


def _check(part: Written, spec: DestinationRuleSpec, base: TrafficPolicy) -> None:
    traffic_policy.check(part, ("spec", "trafficPolicy"), base)
    seen: set[str] = set()
    for index, subset in enumerate(spec.subsets):
        path = ("spec", "subsets", index)
        if subset.name in seen:
            part.error((*path, "name"), f'is "{subset.name}", which is written before; give each subset its own name')
        seen.add(subset.name)
        if subset.traffic_policy is not None:
            traffic_policy.check(part, (*path, "trafficPolicy"), subset.traffic_policy, base)


def _subset(part: Written, index: int, spec: SubsetSpec, base: TrafficPolicy) -> Subset:
    own = spec.traffic_policy
    labels, origin = labels_of(spec.labels), part.at("spec", "subsets", index)
    if own is None:
        return Subset(name=spec.name, labels=labels, origin=origin)
    # A port that only the host has settings for keeps them, but for the groups that the subset says.
    inherited = {number: traffic_policy.merged(policy, own) for number, policy in traffic_policy.ports(base).items()}
    return Subset(
        name=spec.name,
        labels=labels,
        origin=origin,
        policy=traffic_policy.model(part, traffic_policy.merged(base, own)),
        port_policies=_policies(part, {**inherited, **traffic_policy.ports(own)}),
    )


def _policies(part: Written, policies: traffic_policy.Ports) -> tuple[tuple[int, Policy], ...]:
    return tuple((number, traffic_policy.model(part, policies[number])) for number in sorted(policies))


KIND = ObjectKind(
    group=GROUP,
    versions=VERSIONS,
    kind="DestinationRule",
    schema=DestinationRule,
    read=read,
    documentation="https://istio.io/latest/docs/reference/config/networking/destination-rule/",
)

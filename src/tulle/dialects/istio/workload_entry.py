"""`WorkloadEntry`: something that runs somewhere and that services select."""

from __future__ import annotations

from pydantic import Field

from tulle.dialects.istio.values import GROUP, VERSIONS
from tulle.dialects.istio.workloads import WorkloadSpec, check_address
from tulle.dialects.objects import Object, ObjectKind, labels_of, validated
from tulle.dialects.written import Written
from tulle.model.mesh import Fragment
from tulle.model.services import Entry


class WorkloadEntry(Object):
    """Something that runs somewhere and that services select."""

    spec: WorkloadSpec = Field(description="Where, and what it is.")


def read(part: Written) -> Fragment:
    """One WorkloadEntry."""
    found = validated(part, WorkloadEntry)
    if found is None:
        return Fragment(findings=tuple(part.findings))
    spec = found.spec
    check_address(part, ("spec",), spec)
    if any(finding.is_error for finding in part.findings):
        return Fragment(findings=tuple(part.findings))
    entry = Entry(
        name=part.document.key.name,
        origin=part.origin,
        address=spec.where,
        ports=tuple(sorted(spec.ports.items())),
        labels=labels_of({**found.metadata.labels, **spec.labels}),
        account=spec.service_account,
        network=spec.network,
        locality=spec.place,
        weight=spec.weight or 1,
        is_meshed=spec.is_meshed,
    )
    return Fragment(objects=(entry,), findings=tuple(part.findings))


KIND = ObjectKind(
    group=GROUP,
    versions=VERSIONS,
    kind="WorkloadEntry",
    schema=WorkloadEntry,
    read=read,
    documentation="https://istio.io/latest/docs/reference/config/networking/workload-entry/",
)

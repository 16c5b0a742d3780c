"""Workloads with what Deployments, Pods and the like say about them: labels, accounts, ports. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from tulle.flow.joining import typed
from tulle.flow.merge import Merge
from tulle.kit.memo import remember
from tulle.kit.tables import replaced
from tulle.model.names import Name
from tulle.model.services import Port
from tulle.model.workloads import Template, Workload, canonical_name

DEFAULT_ACCOUNT = "default"
"""Kubernetes' service account of pods that name none."""


class Templates:
    """The workloads, kept up to date."""

    def __init__(self) -> None:
        self.workloads: dict[Name, Workload] = {}

    def update(self, merge: Merge) -> frozenset[Name]:
        """Take in what was merged now; the names of the workloads that are other objects than before."""
        names: Iterable[Name] = merge.changed.workloads | merge.changed.objects.get(Template, frozenset())
        table, templates = merge.workloads.table, typed(merge, Template)
        before = self.workloads
        self.workloads = replaced(before, [(name, _filled(table, templates, name)) for name in names])
        return frozenset(name for name in names if before.get(name) is not self.workloads.get(name))


def _filled(table: Mapping[Name, Workload], templates: Mapping[Name, Template], name: Name) -> Workload | None:
    workload, template = table.get(name), templates.get(name)
    if workload is None:
        return None
    return workload if template is None and workload.account else filled(workload, template)


@remember(size=2)
def filled(workload: Workload, template: Template | None) -> Workload:
    """A workload with what it does not say itself."""
    account = workload.account
    if not workload.has_account or not account:
        account = (template.account if template else "") or account or DEFAULT_ACCOUNT
    if template is None:
        return replace(workload, account=account)
    labels = {**dict(template.labels), **dict(workload.own_labels)}
    ports = workload.ports or tuple(
        Port(name=name or f"port-{number}", number=number) for name, number in template.ports
    )
    named = replace(workload, account=account, own_labels=tuple(labels.items()), ports=ports)
    if not workload.is_bare:
        return named
    service = Name(workload.name.namespace, canonical_name(labels, workload.name.name))
    return replace(named, service=service, version=workload.version or labels.get("version", ""))

"""Workloads with what Deployments, Pods and the like say about them: labels, accounts, ports. Pure."""

from __future__ import annotations

from dataclasses import replace

from tulle.flow.index import Index
from tulle.flow.joining import typed
from tulle.flow.merge import Merge
from tulle.kit.memo import remember
from tulle.kit.tables import replaced
from tulle.model.names import Name
from tulle.model.services import Port
from tulle.model.workloads import Template, Workload, canonical_name

DEFAULT_ACCOUNT = "default"
"""Kubernetes' service account of pods that name none."""
ENDING = frozenset(("job", "cronjob"))


class Templates:
    """The workloads, kept up to date."""

    def __init__(self) -> None:
        self.workloads: dict[Name, Workload] = {}
        self._templates: Index[Name, Template] = Index(lambda each: (each.name,), _rank)

    def update(self, merge: Merge) -> frozenset[Name]:
        """Take in what was merged now; the names of the workloads that are other objects than before."""
        said = self._templates.update(typed(merge, Template), merge.changed.objects.get(Template, ()))
        names, table = merge.changed.workloads | said, merge.workloads.table
        before = self.workloads
        self.workloads = replaced(
            before, [(name, _filled(table.get(name), self._templates.get(name))) for name in names]
        )
        return frozenset(name for name in names if before.get(name) is not self.workloads.get(name))


def _rank(name: Name, template: Template) -> tuple[bool, Name]:
    """What keeps running is meant before what ends: a Job may prepare something for the Deployment of its name."""
    return template.kind in ENDING, name


def _filled(workload: Workload | None, templates: tuple[Template, ...]) -> Workload | None:
    template = templates[0] if templates else None
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

"""`Pod`, and the templates that others have of it: labels, account, ports. How containers run is no traffic."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import Field

from tulle.dialects.fields import PortNumber
from tulle.dialects.objects import Items, Metadata, Object, ObjectKind, Partly, labels_of, validated
from tulle.dialects.written import Step, Written
from tulle.model.mesh import Fragment
from tulle.model.workloads import Template


class ContainerPort(Partly):
    """A port that a container listens on."""

    name: str | None = Field(None, description="Its name, by which services may refer to it.")
    container_port: PortNumber = Field(description="Its number.")


class Container(Partly):
    """A container."""

    ports: Items[ContainerPort] = Field((), description="Its ports.")


class PodSpec(Partly):
    """How a pod runs; everything but ports and account is left alone."""

    containers: Items[Container] = Field((), description="Its containers.")
    init_containers: Items[Container] = Field((), description="Those that start first; their ports count as well.")
    service_account_name: str | None = Field(None, description="Its account.")
    service_account: str | None = Field(None, description="An older name of serviceAccountName.")


class PodTemplate(Partly):
    """What every pod is made like."""

    metadata: Metadata | None = Field(None, description="Labels of the pods.")
    spec: PodSpec | None = Field(None, description="How they run.")


class PodObject(Object):
    """Something that runs."""

    spec: PodSpec | None = Field(None, description="How it runs.")


PROXY = "proxy.istio.io/config"
"""An annotation with settings of the proxy of a pod (Istio)."""
NOTHING = PodSpec.model_validate({})


def template(
    part: Written,
    metadata: Metadata | None,
    spec: PodSpec | None,
    replicas: int | None = None,
    within: tuple[Step, ...] = (),
) -> Fragment:
    """What an object says about the workloads of its name; what pods are made like is `within` it."""
    spec = spec or NOTHING
    if metadata is not None and PROXY in metadata.annotations:
        message = "has no effect: settings of proxies are those of a MeshConfig (or mesh of a native file)"
        part.warning((*within, "metadata", "annotations", PROXY), message)
    found = Template(
        name=part.document.key.name,
        origin=part.origin,
        kind=part.document.key.kind.rpartition("/")[2],
        labels=labels_of(metadata.labels if metadata is not None else {}),
        account=spec.service_account_name or spec.service_account or "",
        ports=tuple(dict.fromkeys(_ports(spec))),
        replicas=replicas,
    )
    return Fragment(objects=(found,), findings=tuple(part.findings))


def _ports(spec: PodSpec) -> Iterator[tuple[str, int]]:
    for container in (*spec.containers, *spec.init_containers):
        for port in container.ports:
            yield port.name or "", port.container_port


def read(part: Written) -> Fragment:
    """One pod."""
    found = validated(part, PodObject)
    if found is None:
        return Fragment(findings=tuple(part.findings))
    return template(part, found.metadata, found.spec)


KIND = ObjectKind(
    group="",
    versions=("v1",),
    kind="Pod",
    schema=PodObject,
    read=read,
    documentation="https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/",
)

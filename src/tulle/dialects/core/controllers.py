"""`Deployment`, `StatefulSet`, `DaemonSet`, `ReplicaSet`, `Job`, `CronJob`: the template of their pods, how many."""

from __future__ import annotations

from pydantic import Field

from tulle.dialects.core.pod import PodTemplate, template
from tulle.dialects.fields import Count
from tulle.dialects.objects import Object, ObjectKind, Partly, validated
from tulle.dialects.written import Written
from tulle.model.mesh import Fragment

_PAGES = "https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/"


NO_TEMPLATE = PodTemplate.model_validate({})


class ControllerSpec(Partly):
    """What runs; everything but template and replicas is left alone."""

    replicas: Count | None = Field(None, description="How many.")
    template: PodTemplate = Field(NO_TEMPLATE, description="What each of them is made like.")


class ControllerObject(Object):
    """Something that keeps pods running."""

    spec: ControllerSpec = Field(description="What runs.")


class ScheduledJob(Partly):
    """What is made every time."""

    spec: ControllerSpec = Field(description="What runs.")


class ScheduleSpec(Partly):
    """What runs when; everything but the template is left alone."""

    job_template: ScheduledJob = Field(description="What is made every time.")


class ScheduleObject(Object):
    """Something that runs pods at times."""

    spec: ScheduleSpec = Field(description="What runs when.")


def read(part: Written) -> Fragment:
    """The template of one of them."""
    found = validated(part, ControllerObject)
    if found is None:
        return Fragment(findings=tuple(part.findings))
    pod = found.spec.template
    return template(part, pod.metadata, pod.spec, found.spec.replicas, ("spec", "template"))


def read_schedule(part: Written) -> Fragment:
    """The template within the template."""
    found = validated(part, ScheduleObject)
    if found is None:
        return Fragment(findings=tuple(part.findings))
    pod = found.spec.job_template.spec.template
    return template(part, pod.metadata, pod.spec, within=("spec", "jobTemplate", "spec", "template"))


def _kind(group: str, kind: str, page: str) -> ObjectKind:
    return ObjectKind(
        group=group, versions=("v1",), kind=kind, schema=ControllerObject, read=read, documentation=_PAGES + page
    )


KINDS = (
    _kind("apps", "Deployment", "deployment-v1/"),
    _kind("apps", "StatefulSet", "stateful-set-v1/"),
    _kind("apps", "DaemonSet", "daemon-set-v1/"),
    _kind("apps", "ReplicaSet", "replica-set-v1/"),
    _kind("", "ReplicationController", "replication-controller-v1/"),
    _kind("batch", "Job", "job-v1/"),
    ObjectKind(
        group="batch",
        versions=("v1", "v1beta1"),
        kind="CronJob",
        schema=ScheduleObject,
        read=read_schedule,
        documentation=_PAGES + "cron-job-v1/",
    ),
)

from __future__ import annotations

from collections.abc import Callable

import pytest

from tulle.model.mesh import Fragment
from tulle.model.workloads import Template

Read = Callable[[str], Fragment]


@pytest.mark.parametrize(
    ("version", "kind"),
    [
        ("apps/v1", "Deployment"),
        ("apps/v1", "StatefulSet"),
        ("apps/v1", "DaemonSet"),
        ("apps/v1", "ReplicaSet"),
        ("v1", "ReplicationController"),
        ("batch/v1", "Job"),
    ],
)
def test_all_of_them_have_a_template(read: Read, version: str, kind: str) -> None:
    (found,) = read(
        f"{{apiVersion: {version}, kind: {kind}, metadata: {{name: web}}, "
        "spec: {template: {metadata: {labels: {app: web}}, spec: {serviceAccountName: web}}}}"
    ).objects
    assert isinstance(found, Template) and found.labels == (("app", "web"),) and found.account == "web"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {replicas: -1}}",
            'Deployment web: "spec.replicas" must be at least 0, not -1',
        ),
        (
            "{apiVersion: batch/v1, kind: CronJob, metadata: {name: web}, spec: {schedule: x}}",
            'CronJob web: "spec.jobTemplate" is missing',
        ),
    ],
)
def test_mistakes_are_told_in_a_sentence(read: Read, text: str, message: str) -> None:
    assert [finding.message for finding in read(text).findings] == [message]

from __future__ import annotations

from collections.abc import Callable

import pytest

from tulle.model.mesh import Fragment
from tulle.model.workloads import Template

Read = Callable[[str], Fragment]


def test_labels_ports_and_account_of_a_pod_count(read: Read) -> None:
    (found,) = read(
        "{apiVersion: v1, kind: Pod, metadata: {name: web, labels: {app: web}}, spec: {hostNetwork: true, "
        "serviceAccountName: shop, serviceAccount: old, containers: [{name: a, ports: [{containerPort: 80}]}, {}]}}"
    ).objects
    assert isinstance(found, Template)
    assert (found.labels, found.account, found.ports) == ((("app", "web"),), "shop", (("", 80),))


def test_a_pod_may_say_nothing(read: Read) -> None:
    (found,) = read("{apiVersion: v1, kind: Pod, metadata: {name: web}}").objects
    assert isinstance(found, Template) and found.ports == () and found.replicas is None


def test_a_wrong_port_is_a_mistake(read: Read) -> None:
    (finding,) = read(
        "{apiVersion: v1, kind: Pod, metadata: {name: web}, spec: {containers: [{ports: [{containerPort: x}]}]}}"
    ).findings
    assert finding.is_error and "must be a port number" in finding.message


@pytest.mark.parametrize(
    ("kind", "metadata", "spec"),
    [
        ("{apiVersion: v1, kind: Pod", "{name: x, annotations: NOTE}", "{}"),
        ("{apiVersion: apps/v1, kind: Deployment", "{name: x}", "{template: {metadata: {annotations: NOTE}}}"),
        (
            "{apiVersion: batch/v1, kind: CronJob",
            "{name: x}",
            "{jobTemplate: {spec: {template: {metadata: {annotations: NOTE}}}}}",
        ),
    ],
)
def test_settings_of_proxies_have_no_effect_in_annotations(read: Read, kind: str, metadata: str, spec: str) -> None:
    text = f"{kind}, metadata: {metadata}, spec: {spec}}}"
    (finding,) = read(text.replace("NOTE", "{other: y, proxy.istio.io/config: 'concurrency: 2'}")).findings
    assert not finding.is_error
    assert 'annotations.proxy.istio.io/config" has no effect' in finding.message
    assert not read(text.replace("NOTE", "{other: y}")).findings

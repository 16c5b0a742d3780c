from __future__ import annotations

from collections.abc import Callable

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

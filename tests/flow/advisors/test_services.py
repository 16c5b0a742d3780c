from __future__ import annotations

import pytest

from tests.flow.advised import Desk, written

SERVICE = written("Service", "web", "{selector: {app: web}, ports: [{port: 80}]}")
DEPLOYMENT = """apiVersion: apps/v1
kind: Deployment
metadata: {name: web-v1}
spec: {template: {metadata: {labels: {app: web}}, spec: {containers: [{name: a}]}}}
"""


def test_a_selector_selects_or_not() -> None:
    desk = Desk()
    (finding,) = desk.put("service.yaml", SERVICE)
    assert finding.endswith("selects nothing that runs: no workload has the labels app=web")
    (finding,) = desk.put("deployment.yaml", DEPLOYMENT)
    assert finding.endswith(
        "Deployment web-v1 has them, but nothing here says how to run it: add workloads: {web-v1: {command: …}}"
    )
    assert not desk.put("workload.yaml", "workloads: {web-v1: {command: x}}")
    assert desk.put("deployment.yaml", "")


def test_what_stands_before_the_gateway_elsewhere() -> None:
    desk = Desk()
    head = "apiVersion: v1\nkind: Service\nmetadata: {name: istio-ingressgateway, namespace: %s}\n"
    spec = "spec: {selector: {istio: ingressgateway}, ports: [{port: 80}]}"
    (finding,) = desk.put("service.yaml", head % "istio-system" + spec)
    assert "selects the gateway, which is reached without it; calls of workloads to this" in finding
    (finding,) = desk.put("service.yaml", head % "default" + spec)
    assert "selects nothing that runs" in finding


def test_many_templates_are_not_all_named() -> None:
    desk = Desk()
    desk.put("service.yaml", SERVICE)
    (finding,) = desk.put("d.yaml", "---\n".join(DEPLOYMENT.replace("web-v1", f"web-v{n}") for n in range(5)))
    assert "Deployment web-v0, Deployment web-v1, Deployment web-v2 and 2 more have them" in finding


def test_several_labels_must_be_together() -> None:
    desk = Desk()
    desk.put("a.yaml", "services: {web: {port: 1, versions: {v1: {command: x}}}, api: {port: 1, command: x}}")
    selector = "{selector: {app: api, version: v1}, ports: [{port: 80}]}"
    (finding,) = desk.put("service.yaml", written("Service", "s", selector))
    assert finding.endswith("app=api, version=v1")


def test_places_and_entries_answer() -> None:
    desk = Desk()
    assert desk.put("service.yaml", written("Service", "web", "{ports: [{port: 80}]}"))
    head = "apiVersion: v1\nkind: Endpoints\nmetadata: {name: web}\n"
    endpoints = f"{head}subsets: [{{addresses: [{{ip: 10.0.0.1}}], ports: [{{port: 80}}]}}]"
    assert not desk.put("endpoints.yaml", endpoints)
    assert desk.put("endpoints.yaml", "")
    desk.put("service.yaml", SERVICE)
    entry = "{address: 10.0.0.1, labels: {app: web}}"
    assert not desk.put("entry.yaml", written("WorkloadEntry", "x", entry))


def test_ports_lead_somewhere_or_nowhere() -> None:
    desk = Desk()
    workload = "workloads: {web: {command: x, labels: {app: web}, ports: {a: 1, b: 2}}}"
    desk.put("workload.yaml", workload)
    (finding,) = desk.put("service.yaml", SERVICE)
    assert finding.endswith("has a port 80 that leads nowhere: web has no port 80; it has 1, 2")
    assert not desk.put("workload.yaml", workload.replace("a: 1", "a: 80"))
    assert not desk.put("workload.yaml", workload.replace(", b: 2", ""))
    assert not desk.put("workload.yaml", workload.replace(", ports: {a: 1, b: 2}", ""))


def test_aliases_are_followed() -> None:
    desk = Desk()
    alias = "{type: ExternalName, externalName: %s.default.svc.cluster.local}"
    (finding,) = desk.put("a.yaml", written("Service", "a", alias % "b"))
    assert 'stands for "b.default.svc.cluster.local", and there is no such service' in finding
    (one, two) = desk.put("b.yaml", written("Service", "b", alias % "a"))
    assert "(a → b → a)" in one and "(b → a → b)" in two
    assert not desk.put("b.yaml", "services: {b: {port: 1, command: x}}")


def test_a_host_belongs_to_one_service() -> None:
    desk = Desk()
    entry = "{hosts: [a.example], resolution: DNS, ports: [{number: 80, name: http, protocol: HTTP}]}"
    assert not desk.put("one.yaml", written("ServiceEntry", "one", entry, "one"))
    (finding,) = desk.put("two.yaml", written("ServiceEntry", "two", entry, "two"))
    assert "ServiceEntry two says host a.example, which is that of ServiceEntry one (one.yaml:1) already" in finding
    assert finding.endswith("that one is used in other namespaces than two")
    assert not desk.put("one.yaml", "")


def test_entries_with_names_are_left_out_of_services_of_addresses() -> None:
    desk = Desk()
    desk.put("service.yaml", SERVICE)
    named = written("WorkloadEntry", "vm7", "{address: vm7.example.org, labels: {app: web}}")
    (finding,) = desk.put("vm7.yaml", named)
    assert finding.startswith("vm7.yaml:")
    assert 'WorkloadEntry vm7 is left out of Service web: its address "vm7.example.org" is a name' in finding
    assert not desk.put("vm7.yaml", named.replace("vm7.example.org", "10.0.0.1"))
    spec = "{hosts: [a.b], ports: [{number: 80, name: http}], resolution: DNS, workloadSelector: {labels: {app: web}}}"
    desk.put("service.yaml", written("ServiceEntry", "e", spec))
    assert not desk.put("vm7.yaml", named)


@pytest.mark.parametrize(
    ("one", "two", "is_odd"),
    [
        ("'*'", "'*'", True),
        (".", "'*'", False),
        ("'*'", ".", False),
        ("'*'", "two", False),
        ("'*'", "three", True),
        ("three", "three", True),
        ("three", "four", False),
        ("three", "'*'", True),
    ],
)
def test_a_host_may_belong_to_several_services_for_different_namespaces(one: str, two: str, is_odd: bool) -> None:
    desk = Desk()
    entry = "{hosts: [a.example], exportTo: [%s], resolution: DNS, ports: [{number: 80, name: http, protocol: HTTP}]}"
    desk.put("one.yaml", written("ServiceEntry", "one", entry % one, "one"))
    assert bool(desk.put("two.yaml", written("ServiceEntry", "two", entry % two, "two"))) is is_odd
    assert desk.afresh() == desk.update()


def test_where_such_workloads_are_is_told_as_of_now() -> None:
    desk = Desk()
    (finding,) = desk.put("service.yaml", SERVICE)
    assert "there are some" not in finding
    far = "workloads: {far: {namespace: there, command: x, labels: {app: web}}}"
    (finding,) = desk.put("workload.yaml", far)
    assert "there are some in namespace there" in finding
    (finding,) = desk.put("workload.yaml", "workloads: {near: {command: x, labels: {app: weg}}}")
    assert finding.endswith('did you mean "weg"?')
    (finding,) = desk.put("workload.yaml", "")
    assert "did you mean" not in finding

from __future__ import annotations

from tests.flow.advised import Desk, written

WEB = "services: {web: {port: 8000, command: web}}"


def test_hosts_of_a_scope_are_somebodys() -> None:
    desk = Desk()
    desk.put("web.yaml", WEB)
    spec = "{egress: [{hosts: [%s]}]}"
    assert not desk.put("a.yaml", written("Sidecar", "x", spec % "./web.default.svc.cluster.local, '*/*'"))
    (finding,) = desk.put("a.yaml", written("Sidecar", "x", spec % "'*/api.default.svc.cluster.local'"))
    assert "fits nothing: no service has this host" in finding
    assert not desk.put("api.yaml", "services: {api: {port: 1, command: x}}")
    assert not desk.put("a.yaml", written("Sidecar", "x", "{workloadSelector: {labels: {app: web}}}"))

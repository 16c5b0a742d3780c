from __future__ import annotations

from tests.flow.advised import Desk, written


def test_of_several_for_a_namespace_the_first_counts() -> None:
    desk = Desk()
    desk.put("web.yaml", "workloads: {web: {port: 1, command: x}, api: {namespace: other, port: 1, command: x}}")
    assert not desk.put("b.yaml", written("PeerAuthentication", "b", "{mtls: {mode: STRICT}}"))
    (finding,) = desk.put("a.yaml", written("PeerAuthentication", "a", "{mtls: {mode: STRICT}}"))
    assert finding.startswith("b.yaml:4: warning: PeerAuthentication b: it is not used: PeerAuthentication a (")
    assert not desk.put("a.yaml", written("PeerAuthentication", "a", "{mtls: {mode: STRICT}}", "other"))


def test_those_for_the_same_workloads_as_well() -> None:
    desk = Desk()
    desk.put("web.yaml", "services: {web: {port: 1, command: x}}")
    spec = "{workloadSelector: {labels: {app: web}}}"
    desk.put("a.yaml", written("Sidecar", "a", spec))
    (finding,) = desk.put("b.yaml", written("Sidecar", "b", spec))
    assert "is for workloads with app=web of namespace default too, and comes first" in finding

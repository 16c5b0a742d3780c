from __future__ import annotations

from tests.flow.advised import Desk

WEB = "workloads: {web: {port: 8080, command: web, labels: {app: web}}}"


def service(name: str, port: str) -> str:
    return (
        f"apiVersion: v1\nkind: Service\nmetadata: {{name: {name}}}\n"
        f"spec: {{selector: {{app: web}}, ports: [{{name: {port}, port: 80, targetPort: 8080}}]}}"
    )


def test_services_agree_on_what_a_port_speaks() -> None:
    desk = Desk()
    desk.put("web.yaml", WEB)
    assert not desk.put("b.yaml", service("b", "http"))
    assert not desk.put("c.yaml", service("c", "grpc"))
    (finding,) = desk.put("d.yaml", service("d", "tcp"))
    assert finding == (
        "d.yaml:1: warning: Service d: its port 80 speaks tcp, but port 8080 of web is taken for http, as Service b "
        "says (b.yaml:1): calls fail"
    )
    # Another one comes first now.
    found = desk.put("a.yaml", service("a", "tcp"))
    assert [each.partition(" warning")[0] for each in found] == ["b.yaml:1:", "c.yaml:1:"]
    desk.put("a.yaml", "")
    assert not desk.put("d.yaml", service("d", "http2"))
    assert not desk.put("d.yaml", service("d", "udp").replace("port: 80,", "port: 80, protocol: UDP,"))
    assert not desk.put("web.yaml", "")[3:]

from __future__ import annotations

from tests.flow.advised import Desk, written

WEB = "services: {web: {port: 8000, command: web}}"


def test_hosts_are_served_or_not() -> None:
    desk = Desk()
    desk.put("web.yaml", WEB)
    server = (
        "{selector: {istio: ingressgateway}, servers: [{port: {number: 80, name: h, protocol: HTTP}, hosts: [%s]}]}"
    )
    desk.put("gateway.yaml", written("Gateway", "g", server % "a.example"))
    rule = "{hosts: [a.example, b.example], gateways: [g], http: [{route: [{destination: {host: web}}]}]}"
    (finding,) = desk.put("rule.yaml", written("VirtualService", "x", rule))
    assert finding.endswith('host b.example is not served by gateway "g", which is for a.example')
    assert not desk.put("gateway.yaml", written("Gateway", "g", server % "a.example, b.example"))
    (finding,) = desk.put("gateway.yaml", written("Gateway", "g", server % "a.example, other/b.example"))
    assert finding.endswith('host b.example is not served by gateway "g", which is for a.example')
    many = ", ".join(f"{number}.a.example" for number in range(9))
    (finding,) = desk.put("gateway.yaml", written("Gateway", "g", server % f"a.example, {many}"))
    assert finding.endswith(", …")
    assert not desk.put("gateway.yaml", "")

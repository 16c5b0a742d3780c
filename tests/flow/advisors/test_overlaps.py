from __future__ import annotations

from tests.flow.advised import Desk, written

WEB = "services: {web: {port: 8000, command: web}}"

SPEC = "{hosts: [web], exportTo: [%s], http: [{match: [{uri: {prefix: /a}}], route: [{destination: {host: web}}]}]}"


def test_of_equal_rules_one_is_used() -> None:
    desk = Desk()
    desk.put("web.yaml", WEB)
    assert not desk.put("a.yaml", written("VirtualService", "a", SPEC % "'*'"))
    (finding,) = desk.put("b.yaml", written("VirtualService", "b", SPEC % "'*'"))
    assert finding.startswith("b.yaml:4: warning: VirtualService b: this rule is never used for calls to web.default")
    assert not desk.put("a.yaml", written("VirtualService", "a", SPEC % "'.'"))
    (finding,) = desk.put("b.yaml", written("VirtualService", "b", SPEC % "'.'"))
    assert not desk.put("a.yaml", "")


def test_rules_for_hosts_outside_overlap_too() -> None:
    desk = Desk()
    spec = "{hosts: [a.example], http: [{match: [%s], directResponse: {status: 200}}]}"
    desk.put("a.yaml", written("VirtualService", "a", spec % "{uri: {prefix: /a}}"))
    narrow = "{uri: {prefix: /a}, sourceLabels: {istio: ingressgateway}}"
    (finding,) = desk.put("b.yaml", written("VirtualService", "b", spec % narrow))
    assert "for calls to a.example: VirtualService a (a.yaml:4) takes all of these requests" in finding
    assert not desk.put("b.yaml", written("VirtualService", "b", spec % "{uri: {prefix: /b}}"))


def test_routes_of_the_gateway_overlap_where_they_meet() -> None:
    desk = Desk()
    desk.put("web.yaml", WEB)
    servers = (
        "{selector: {istio: ingressgateway}, servers: [{port: {number: 80, name: h, protocol: HTTP}, hosts: ['*']}]}"
    )
    desk.put("gateway.yaml", written("Gateway", "g", servers) + written("Gateway", "h", servers.replace("80", "81")))
    spec = "{hosts: ['%s'], gateways: [%s], http: [{match: [%s], route: [{destination: {host: web}}]}]}"
    path = "{uri: {prefix: /a}}"
    desk.put("a.yaml", written("VirtualService", "a", spec % ("*", "g", path)))
    narrow = path.replace("}}", "}, port: 80}")
    (finding,) = desk.put("b.yaml", written("VirtualService", "b", spec % ("*", "g", narrow)))
    assert "this rule is never used for every host: VirtualService a" in finding
    assert not desk.put("b.yaml", written("VirtualService", "b", spec % ("*", "h", narrow)))
    assert not desk.put("b.yaml", written("VirtualService", "b", spec % ("b.example", "g", narrow)))
    assert not desk.put("b.yaml", "")
    assert not desk.put("a.yaml", "")


def test_what_only_counts_last_takes_nothing_from_others() -> None:
    desk = Desk()
    desk.put("web.yaml", WEB)
    text = (
        "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: %s}\n"
        "spec: {defaultBackend: {service: {name: web, port: {number: 8000}}}}"
    )
    desk.put("a.yaml", text % "a")
    assert not desk.put("b.yaml", text % "b")


def test_of_very_many_conditions_only_the_first_are_compared() -> None:
    desk = Desk()
    desk.put("web.yaml", WEB)
    rules = ", ".join(f"{{match: [{{uri: {{exact: /{n}}}}}], redirect: {{uri: /}}}}" for n in range(101))
    last = "{match: [{uri: {exact: /z}}], redirect: {uri: /}}"
    desk.put("a.yaml", written("VirtualService", "a", f"{{hosts: [web], http: [{rules}, {last}]}}"))
    (finding,) = desk.put("b.yaml", written("VirtualService", "b", f"{{hosts: [web], http: [{last}]}}"))
    assert "has the same conditions" in finding
    narrow = last.replace("/z}", "/z}, sourceLabels: {app: web}")
    assert not desk.put("b.yaml", written("VirtualService", "b", f"{{hosts: [web], http: [{narrow}]}}"))

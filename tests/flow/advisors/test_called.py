from __future__ import annotations

from tests.flow.advised import Desk, written

WEB = "services: {web: {port: 8000, command: web}}"


def test_rules_for_a_service_that_comes_later() -> None:
    desk = Desk()
    rule = written("VirtualService", "x", "{hosts: [web], http: [{directResponse: {status: 200}}]}")
    (finding,) = desk.put("rule.yaml", rule)
    assert finding.endswith('error: VirtualService x: service "web" does not exist, so nobody calls it')
    assert not desk.put("web.yaml", WEB)


def test_hosts_that_are_no_services_may_have_rules() -> None:
    rule = written("VirtualService", "x", "{hosts: [a.example], http: [{directResponse: {status: 200}}]}")
    assert not Desk().put("rule.yaml", rule)


def test_rules_for_hosts_of_service_entries() -> None:
    desk = Desk()
    entry = "{hosts: [db.example], resolution: DNS, ports: [{number: 5432, name: tcp, protocol: TCP}]}"
    desk.put("entry.yaml", written("ServiceEntry", "x", entry))
    rule = written("VirtualService", "x", "{hosts: [db.example], http: [{directResponse: {status: 200}}]}")
    (finding,) = desk.put("rule.yaml", rule)
    assert 'service "db.example" has no port with HTTP (5432 tcp)' in finding


def test_routes_of_gateway_api_are_for_services_too() -> None:
    desk = Desk()
    desk.put("db.yaml", "services: {db: {port: 1, protocol: tcp, command: x}}")
    route = "{parentRefs: [{group: '', kind: Service, name: db}], rules: [{}]}"
    (finding,) = desk.put("route.yaml", written("HTTPRoute", "x", route))
    assert finding.startswith("route.yaml:4: warning: HTTPRoute x: its rules for requests have no effect")


def test_callers_come_and_go() -> None:
    desk = Desk()
    desk.put("web.yaml", WEB)
    spec = "{hosts: [web], http: [{match: [%s], directResponse: {status: 200}}]}"
    assert desk.put("rule.yaml", written("VirtualService", "x", spec % "{sourceLabels: {app: shop}}"))
    assert not desk.put("shop.yaml", "services: {shop: {port: 8000, command: x}}")
    assert not desk.put("rule.yaml", written("VirtualService", "x", spec % "{sourceNamespace: default}"))
    assert desk.put("rule.yaml", written("VirtualService", "x", spec % "{sourceNamespace: other}"))
    assert not desk.put("rule.yaml", written("VirtualService", "x", spec % "{sourceNamespace: istio-system}"))

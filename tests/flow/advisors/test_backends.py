from __future__ import annotations

from tests.flow.advised import Desk, written

WEB = "services: {web: {port: 8000, command: web}}"


def sent(to: str, more: str = "", host: str = "web") -> str:
    return written("VirtualService", "x", f"{{hosts: [{host}], http: [{{route: [{{destination: {to}}}]{more}}}]}}")


def test_a_rule_is_fine_once_its_service_is_there() -> None:
    desk = Desk()
    desk.put("web.yaml", WEB)
    (finding,) = desk.put("rule.yaml", sent("{host: api}"))
    assert finding.endswith('error: VirtualService x: service "api" does not exist, so what comes here is answered 503')
    assert not desk.put("api.yaml", "services: {api: {port: 8000, command: x}}")
    (finding,) = desk.put("rule.yaml", sent("{host: api, port: {number: 1}}"))
    assert "no port 1, so what comes here is answered 503; it has 8000" in finding


def test_hosts_outside_are_those_of_service_entries() -> None:
    desk = Desk()
    desk.put("web.yaml", WEB)
    (finding,) = desk.put("rule.yaml", sent("{host: api.example}"))
    assert finding.endswith("a ServiceEntry can say where it is")
    entry = "{hosts: [api.example], resolution: DNS, ports: [{number: 80, name: http, protocol: HTTP}]}"
    assert not desk.put("entry.yaml", written("ServiceEntry", "x", entry))


def test_subsets_are_those_of_destinations_and_versions() -> None:
    desk = Desk()
    desk.put("web.yaml", WEB)
    (finding,) = desk.put("rule.yaml", sent("{host: web, subset: v1}"))
    assert finding.endswith("add a DestinationRule for its host with a subset v1")
    rule = "{host: web, subsets: [{name: other, labels: {app: web}}]}"
    (finding,) = desk.put("dr.yaml", written("DestinationRule", "web", rule))
    assert finding.endswith("it has other by DestinationRule web (dr.yaml:1)")
    assert not desk.put("dr.yaml", written("DestinationRule", "web", rule.replace("other", "v1")))
    desk.put("dr.yaml", "")
    assert not desk.put("web.yaml", "services: {web: {port: 8000, versions: {v1: {command: x}}}}")


def test_requests_go_to_tls_only_where_somebody_makes_it() -> None:
    desk = Desk()
    desk.put("web.yaml", WEB)
    ports = "[{number: 443, name: https, protocol: HTTPS}]"
    desk.put("entry.yaml", written("ServiceEntry", "x", f"{{hosts: [a.example], resolution: DNS, ports: {ports}}}"))
    (finding,) = desk.put("rule.yaml", sent("{host: a.example}"))
    assert "port 443 of service" in finding and "DestinationRule with tls.mode SIMPLE" in finding
    for policy in (
        "trafficPolicy: {tls: {mode: SIMPLE}}",
        "trafficPolicy: {portLevelSettings: [{port: {number: 443}, tls: {mode: SIMPLE}}]}",
        "subsets: [{name: s, trafficPolicy: {tls: {mode: SIMPLE}}}]",
        "subsets: [{name: s, trafficPolicy: {portLevelSettings: [{port: {number: 443}, tls: {mode: SIMPLE}}]}}]",
    ):
        assert not desk.put("dr.yaml", written("DestinationRule", "x", f"{{host: a.example, {policy}}}"))
    desk.put("dr.yaml", written("DestinationRule", "x", "{host: a.example, subsets: [{name: s}]}"))
    assert desk.update() == desk.put("dr.yaml", "")


def test_native_rules_are_checked_elsewhere_but_for_who_is_asked() -> None:
    desk = Desk()
    desk.put("web.yaml", WEB)
    assert not desk.put("route.yaml", "routes: [{host: a, to: wbe}]")
    (finding,) = desk.put("route.yaml", "routes: [{host: a, to: web, check: {to: authz}}]")
    assert finding.endswith('service "authz" does not exist, so no request passes')
    (finding,) = desk.put("route.yaml", "routes: [{host: a, to: web, check: {to: authz, fail_open: true}}]")
    assert finding.endswith("so every request passes unasked")
    assert not desk.put("route.yaml", "routes: [{host: a, to: web, check: {to: web}}]")


def test_ingresses_name_ports() -> None:
    desk = Desk()
    desk.put("web.yaml", WEB)
    backend = "{service: {name: web, port: {name: %s}}}"
    text = (
        "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: x}\n"
        f"spec: {{rules: [{{host: a.example, http: {{paths: [{{path: /, pathType: Prefix, backend: {backend}}}]}}}}]}}"
    )
    (finding,) = desk.put("ingress.yaml", text % "htp")
    assert "has no port" in finding and "did you mean" in finding
    assert not desk.put("ingress.yaml", text % "http")


def test_connections_have_backends_too() -> None:
    desk = Desk()
    desk.put(
        "web.yaml", "services: {web: {ports: {a: {port: 1, protocol: tcp}, b: {port: 2, protocol: tcp}}, command: x}}"
    )
    gateway = (
        "{selector: {istio: ingressgateway}, servers: [{port: {number: 9000, name: t, protocol: TCP}, hosts: ['*']}]}"
    )
    desk.put("gateway.yaml", written("Gateway", "g", gateway))
    rule = "{hosts: ['*'], gateways: [g], tcp: [{route: [{destination: {host: web}}]}]}"
    (finding,) = desk.put("rule.yaml", written("VirtualService", "x", rule))
    assert finding.endswith('service "web" has the ports 1, 2, and none of them is named here; 1 is used')
    shares = "[{destination: {host: gone}, weight: 0}, {destination: {host: web, port: {number: 1}}, weight: 1}]"
    rule = f"{{hosts: ['*'], gateways: [g], tcp: [{{route: {shares}}}]}}"
    (finding,) = desk.put("rule.yaml", written("VirtualService", "x", rule))
    assert "can never get more than its weight of 0" in finding


def test_services_without_ports_have_none() -> None:
    desk = Desk()
    desk.put("web.yaml", WEB)
    desk.put("alias.yaml", written("Service", "alias", "{type: ExternalName, externalName: a.example}"))
    (finding,) = desk.put("rule.yaml", sent("{host: alias}"))
    assert finding.endswith('service "alias" has no port, so what comes here is answered 503')

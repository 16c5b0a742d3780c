from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tulle.dialects.native.writing import services
from tulle.dialects.native.writing.content import Offer
from tulle.kit.located_yaml import parse
from tulle.model.mesh import Fragment
from tulle.model.services import Destination, Entry, Port, Service


def written(fragment: Fragment) -> Any:
    (service,) = fragment.services
    told = [each for each in fragment.objects if isinstance(each, Destination)]
    offer = Offer(
        service=service,
        port_policies=told[0].port_policies if told else (),
        rules=tuple(rule for each in fragment.routes for rule in each.rules),
        streams=tuple(rule for each in fragment.routes for rule in each.streams),
        workloads=fragment.workloads,
    )
    return services.service(offer, "/folder")


@pytest.mark.parametrize(
    "text",
    [
        "{port: 80, command: python web.py}",
        "{port: 80, protocol: grpc, command: [python, web.py], calls: [db, other.shop]}",
        "{ports: {http: 80, grpc: 81, sql: {port: 82, protocol: tcp}}, command: x, account: someone, calls: []}",
        "{ports: {web: 80}, command: x, replicas: 2, unix_socket: true, drain: 1s, locality: a/b, labels: {a: b}}",
        "{port: 80, command: x, directory: sub, env: {A: b}, ready: /health}",
        "{port: 80, command: x, ready: {http: /health, port: http, interval: 1s, timeout: 2s, deadline: 3s}}",
        "{port: 80, command: x, ready: {command: 'true'}}",
        "{port: 80, target: 8080, select: {app: web}, headless: true, called: 10.0.0.1, visible_to: []}",
        "{ports: {http: {port: 80, target: http-port}, tls: {port: 443}}, select: {app: web}, visible_to: [., shop]}",
        "{port: 80, select: {app: web}, versions: {v1: {}, v2: {select: {track: new}}}}",
        "{port: 80, command: x, env: {A: b}, versions: {v1: {}, v2: {replicas: 2, connect_timeout: 1s}}}",
        "{port: 80, versions: {v1: {command: x}, v2: {command: y, select: {track: new}}}}",
        "{port: 80, versions: {v1: {command: x}, v2: {select: {version: v2}}}}",
        "{port: 80, alias: a.example.org}",
        "{port: 80, addresses: []}",
        "{port: 80, hosts: a.example.org}",
        "{port: 80, hosts: '*.example.org', resolution: none}",
        "{port: 80, hosts: a.example.org, location: inside, resolution: dns, addresses: 10.0.0.1:80, identities: a}",
        "{port: 80, hosts: a.example.org, command: x, location: outside}",
        "{port: 80, hosts: a.example.org, select: {a: b}, account: someone}",
        "{ports: {a: 80, b: 81}, addresses: [10.0.0.1, '[::1]:81', 'unix:/run/x']}",
        "{ports: {a: 80, b: 81}, addresses: [{address: '10.0.0.1:9', port: b}, {address: 10.0.0.2:80, weight: 2}]}",
        "{port: 80, addresses: {address: '10.0.0.1:9', labels: {a: b}, locality: /z}}",
        "{port: 80, addresses: {address: '10.0.0.1:9', network: n, account: s, sidecar: true}}",
        "{port: 80, addresses: {address: '10.0.0.1:9', ready: false, draining: true}}",
        "{port: 80, command: x, port_policies: {'80': {connect_timeout: 1s}}, rate_limit: 1/s}",
        "{port: 80, select: {a: b}, versions: {v1: {port_policies: {'80': {connect_timeout: 1s}}}}}",
        "{port: 80, command: x, allow: []}",
        "{port: 80, command: x, allow: [web, gateway, {from: [a, b.shop], methods: GET, paths: /a, ports: 80}]}",
        "{port: 80, command: x, allow: {namespace: shop}}",
        "{port: 80, command: x, routes: {to: other}}",
        "{port: 80, protocol: tcp, command: x, streams: {to: other}}",
    ],
)
def test_services_are_written_as_they_are_read(read: Any, text: str) -> None:
    fragment: Fragment = read(f"services: {{web: {text}}}")
    assert [str(each) for each in fragment.findings] == []
    assert written(fragment) == parse(text.replace("tls: {port: 443}", "tls: 443"))


def test_places_of_some_ports_stay_apart(read: Any) -> None:
    fragment: Fragment = read("services: {web: {ports: {a: 80, b: 81}, addresses: [10.0.0.1]}}")
    (service,) = fragment.services
    one, two = service.addresses
    apart = replace(service, addresses=(two, one))
    assert services.service(Offer(service=apart), "")["addresses"] == ["10.0.0.1:81", "10.0.0.1:80"]


def test_calls_that_differ_are_not_those_of_the_service(read: Any) -> None:
    fragment: Fragment = read("services: {web: {port: 80, command: x, versions: {v1: {}, v2: {}}, calls: db}}")
    one, two = fragment.workloads
    offer = Offer(service=fragment.services[0], workloads=(one, replace(two, calls=None)))
    assert "calls" not in services.service(offer, "")


@pytest.mark.parametrize(
    "text",
    [
        "{command: x, port: 80, labels: {app: web, version: v1}, account: someone, calls: db}",
        "{command: x}",
    ],
)
def test_workloads_are_written_as_they_are_read(read: Any, text: str) -> None:
    fragment: Fragment = read(f"workloads: {{web: {text}}}")
    assert services.workload(fragment.workloads[0], "/folder") == parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "{address: 10.0.0.1, ports: {http: 80}, labels: {a: b}, account: s}",
        "{address: 10.0.0.1, weight: 2, network: n, locality: a, sidecar: true}",
        "{address: 'unix:/run/x'}",
    ],
)
def test_workloads_elsewhere_are_written_as_they_are_read(read: Any, text: str) -> None:
    fragment: Fragment = read(f"workloads: {{web: {text}}}")
    (found,) = fragment.objects
    assert isinstance(found, Entry)
    assert services.entry(found) == parse(text)


def test_a_port_without_a_name_is_called_by_its_protocol() -> None:
    assert services.ports([Port(name="", number=80, target=80)]) == {"port": 80}
    assert services.ports([]) == {}


def test_a_service_of_nobody_says_nothing_of_where_it_is(read: Any) -> None:
    fragment: Fragment = read("services: {web: {port: 80, addresses: []}}")
    service: Service = fragment.services[0]
    assert services.service(Offer(service=replace(service, account="web"), is_declared=False), "") == {"port": 80}

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from tulle.dialects.native.writing import services
from tulle.dialects.native.writing.content import Offer
from tulle.kit.located_yaml import parse
from tulle.model.documents import BUILT_IN
from tulle.model.mesh import Fragment
from tulle.model.names import Name
from tulle.model.policies import Locality
from tulle.model.services import Endpoint, Entry, Port, Service
from tulle.model.workloads import Workload

Read = Callable[[str], Fragment]


def offer(read: Read, text: str) -> Offer:
    fragment = read(f"services: {{web: {text}}}")
    assert not fragment.findings
    (service,) = fragment.services
    routes = [each for each in fragment.routes if each.service == service.name]
    ports = [each for destination in service.destinations for each in destination.port_policies]
    ports += [each for found in fragment.objects for each in getattr(found, "port_policies", ())]
    return Offer(
        service=service,
        port_policies=tuple(ports),
        rules=tuple(rule for each in routes for rule in each.rules),
        streams=tuple(rule for each in routes for rule in each.streams),
        workloads=fragment.workloads,
    )


@pytest.mark.parametrize(
    "text",
    [
        "{port: 80, command: run}",
        "{port: 80, protocol: grpc, target: 8080, select: {app: web}}",
        "{ports: {http: 80, admin: {port: 81, protocol: tcp, target: admin}}, select: {app: web}, account: other}",
        "{port: 80, hosts: api.example.org}",
        "{port: 80, hosts: ['*.example.org', a.b], visible_to: [., shop]}",
        "{port: 80, hosts: a.b, location: inside, resolution: none, visible_to: []}",
        "{port: 80, hosts: a.b, command: run}",
        "{port: 80, hosts: a.b, command: run, location: outside}",
        "{port: 80, hosts: a.b, addresses: '10.0.0.1:81', resolution: dns_round_robin, identities: [x, y]}",
        "{port: 80, alias: a.b}",
        "{port: 80, addresses: []}",
        "{port: 80, headless: true, called: [10.0.0.1, 10.1.0.0/16], select: {app: web}}",
        "{port: 80, command: [run, it], directory: sub, env: {A: b}, replicas: 3, ready: /up, drain: 1m, "
        "labels: {tier: front}, locality: eu/a, calls: [db, cache.shop]}",
        "{port: 80, command: run, unix_socket: true, calls: []}",
        "{port: 80, command: run, ready: {command: test, interval: 1s, timeout: 2s, deadline: 5s}}",
        "{ports: {http: 80, admin: 81}, command: run, ready: {http: /up, port: admin}}",
        "{port: 80, command: run, allow: [gateway, web.shop, {from: [a, b], methods: GET, paths: /a/*, ports: 80}]}",
        "{port: 80, command: run, allow: {namespace: [a, b]}}",
        "{port: 80, command: run, allow: []}",
        "{port: 80, drain: 1m, idle_timeout: 1s, versions: {v1: {command: run}, v2: {command: other, replicas: 2, "
        "idle_timeout: 2s}}, routes: {match: {path: /a}, versions: {v1: 1, v2: 1}}}",
        "{port: 80, command: run, versions: {v1: {}, v2: {env: {A: b}}}}",
        "{port: 80, select: {app: web}, versions: {v1: {}, v2: {select: {a: b}, load_balancing: random}}}",
        "{port: 80, versions: {v1: {command: x}, v2: {select: {version: v2}}}}",
        "{port: 80, addresses: ['10.0.0.1:81', '10.0.0.2:81'], versions: {v1: {select: {version: v1}}}}",
        "{port: 80, select: {app: web}, versions: {v1: {port_policies: {'80': {load_balancing: random}}}}, "
        "port_policies: {'80': {idle_timeout: 1s}}}",
        "{port: 5432, protocol: tcp, select: {app: web}, streams: {match: {from: {namespace: a}}, to: b}}",
    ],
)
def test_services_are_written_as_they_are_read(read: Read, text: str) -> None:
    assert services.service(offer(read, text), "/folder") == parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "{port: 80, addresses: [10.0.0.1, '10.0.0.2:81', '[::1]:80', 'unix:/run/web.sock', a.example.org]}",
        "{port: 80, addresses: {address: 10.0.0.1, labels: {a: b}, weight: 3, locality: eu/a, network: n, "
        "account: c, sidecar: true}}",
        "{ports: {http: 80, admin: 81}, addresses: [10.0.0.1, 10.0.0.2]}",
    ],
)
def test_addresses_are_written_so_that_they_are_read_as_the_same(read: Read, text: str) -> None:
    first = offer(read, text).service.addresses
    written = services.service(offer(read, text), "/folder")["addresses"]
    places = written if isinstance(written, list) else [written]
    again = offer(read, text.split("addresses")[0] + f"addresses: {places!r}}}".replace("True", "true"))
    assert again.service.addresses == first


@pytest.mark.parametrize(
    ("place", "written"),
    [
        (Endpoint(address="::1"), "[::1]"),
        (Endpoint(address="10.0.0.1", port=80), "10.0.0.1:80"),
        (Endpoint(address="/run/a.sock"), "unix:/run/a.sock"),
        (Endpoint(address="a", port=81, port_name="http"), {"address": "a:81", "port": "http"}),
        (
            Endpoint(address="a", port=9, port_name="admin", is_ready=False, is_draining=True),
            {"address": "a:9", "port": "admin", "ready": False, "draining": True},
        ),
    ],
)
def test_a_place_is_text_if_nothing_else_is_said(place: Endpoint, written: object) -> None:
    ports = (Port(name="http", number=80), Port(name="admin", number=81))
    assert services.address(place, ports) == written


def test_a_service_of_which_others_only_speak_says_nothing_of_itself() -> None:
    service = Service(name=Name("default", "web"), origin=BUILT_IN, ports=(), account="")
    assert services.service(Offer(service=service, is_declared=False), "") == {}
    assert services.service(Offer(service=service), "") == {"addresses": []}


def test_versions_of_which_not_all_run_have_their_own_commands(read: Read) -> None:
    given = offer(read, "{port: 80, versions: {v1: {command: run}, v2: {select: {version: v2, a: b}}}}")
    assert services.service(given, "/folder")["versions"] == {
        "v1": {"command": "run"},
        "v2": {"select": {"version": "v2", "a": "b"}},
    }


def workload(read: Read, text: str) -> Workload:
    fragment = read(f"workloads: {{job: {text}}}")
    assert not fragment.findings
    return fragment.workloads[0]


@pytest.mark.parametrize(
    "text",
    [
        "{command: run}",
        "{port: 80, account: job, command: [run, it], labels: {app: x}, calls: db}",
        "{ports: {http: 80, tcp: 81}, command: run, directory: /elsewhere/far/away}",
    ],
)
def test_workloads_are_written_as_they_are_read(read: Read, text: str) -> None:
    assert services.workload(workload(read, text), "/folder") == parse(text.replace("/elsewhere", "../elsewhere"))


def test_what_others_run_has_an_address() -> None:
    bare = Entry(name=Name("default", "vm"), origin=BUILT_IN, address="10.0.0.1")
    assert services.entry(bare) == {"address": "10.0.0.1"}
    whole = replace(
        bare,
        address="/run/vm.sock",
        ports=(("http", 80),),
        labels=(("app", "vm"),),
        account="vm",
        weight=2,
        network="n",
        locality=Locality(region="eu"),
        is_meshed=True,
    )
    assert services.entry(whole) == {
        "address": "unix:/run/vm.sock",
        "ports": {"http": 80},
        "labels": {"app": "vm"},
        "account": "vm",
        "weight": 2,
        "network": "n",
        "locality": "eu",
        "sidecar": True,
    }

from __future__ import annotations

from collections.abc import Callable

import pytest

from tulle.model.mesh import Fragment
from tulle.model.policies import Balance
from tulle.model.routes import RouteKind, Source
from tulle.model.security import PeerAuthentication, PeerMode
from tulle.model.services import Destination, Resolution

Read = Callable[[str], Fragment]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "services: {web: {port: 8000, command: x, allow: [{from: web, paths: [api]}]}}",
            'service web: "allow[0].paths[0]" must be a path that begins with / and may end in *, not "api"',
        ),
        (
            "services: {web: {port: 8000, command: x, allow: [{paths: [/a*b]}]}}",
            'service web: "allow[0].paths[0]" must be a path that begins with / and may end in *, not "/a*b"',
        ),
        (
            "services: {web: {port: 8000, command: x, allow: [{ports: 9}]}}",
            'service web: "allow[0].ports" names port 9, which the service does not have',
        ),
        (
            "services: {web: {port: 8000, command: x, ports: {a: 1}}}",
            "service web has port or protocol beside ports; write one of them",
        ),
        (
            "services: {web: {command: x, ports: {a: 1, b: {port: 1}}}}",
            'service web: "ports.b" has the number of port a: 1',
        ),
        ("services: {web: {command: x, protocol: grpc}}", 'service web: "protocol" needs port: its number'),
        (
            "services: {web: {port: 1, protocol: htp, command: x}}",
            'service web: "protocol" must be one of http, http2, grpc, tcp, tls, udp, not "htp"; did you mean "http"?',
        ),
        (
            "services: {web: {command: x, labels: {a b: c}}}",
            'service web: "labels" has "a b", which is no name of a label such as app or example.org/team',
        ),
        (
            "services: {web: {command: x, locality: a//b}}",
            'service web: "locality" must be region, region/zone or region/zone/subzone, not "a//b"',
        ),
        (
            "services: {web: {port: 8000, command: x, addresses: 10.0.0.1:1}}",
            'service web: "addresses" cannot stand beside command: it is run here, or it is there',
        ),
        (
            "services: {web: {addresses: 10.0.0.1}}",
            "service web has addresses without a port; write port, or 10.0.0.5:8080",
        ),
        (
            "services: {web: {port: 1, versions: {v1: {}}}}",
            'service web version "v1" has neither command (to be run) nor addresses (where it runs)',
        ),
        (
            "services: {web: {port: 1, versions: {v1: {command: x}, v2: {addresses: 10.0.0.1}}}}",
            'service web: "versions" has both versions that are run and versions with addresses; make two services',
        ),
        (
            "services: {web: {command: x, unix_socket: true}}",
            'service web: "unix_socket" needs a service with exactly one port',
        ),
        (
            "services: {web: {command: x, ready: /a}}",
            'service web: "ready" needs a port; write port, or ready with command',
        ),
        (
            "services: {web: {port: 8000, command: x, ready: {http: /a, port: htp}}}",
            'service web: "ready.port" names port "htp", which does not exist; did you mean "http"?',
        ),
        (
            "services: {db: {port: 1, protocol: tcp, command: x, allow: [{methods: GET}]}}",
            'service db: "allow[0]" has methods or paths, which can only be seen on HTTP ports',
        ),
        (
            "services: {db: {port: 1, protocol: tcp, command: x, routes: [{to: web}]}}",
            'service db: "routes" are for HTTP; no port of the service speaks it',
        ),
        (
            "services: {web: {command: x, namespace: tulle-system, account: gateway}}",
            'service web cannot be in the namespace "tulle-system", which belongs to the mesh itself',
        ),
        (
            "namespace: tulle-system\nservices: {web: {command: x}}",
            'service web cannot be in the namespace "tulle-system", which belongs to the mesh itself',
        ),
        (
            "services: {web: {port: 8000, command: x, routes: [{timeout: 1s}]}}",
            'service web: "routes[0]" needs one of versions, to, weights, redirect, respond',
        ),
        (
            "services: {web: {port: 8000, command: x, routes: {to: a, versions: v1}}}",
            'service web: "routes[0].to" cannot stand beside '
            "versions; write one of versions, to, weights, redirect, respond",
        ),
    ],
)
def test_mistakes_are_told_in_a_sentence(read: Read, text: str, message: str) -> None:
    assert [finding.message for finding in read(text).findings] == [message]


def test_a_protocol_may_be_the_name_of_a_port(read: Read) -> None:
    (service,) = read("services: {web: {command: x, ports: {grpc: 9000, admin: 9001, tcp: 9002}}}").services
    assert [str(port.protocol) for port in service.ports] == ["grpc", "http", "tcp"]


def test_a_port_may_have_one_number_for_tcp_and_udp(read: Read) -> None:
    (service,) = read("services: {dns: {command: x, ports: {tcp: 53, udp: 53}}}").services
    assert [port.number for port in service.ports] == [53, 53]


def test_a_worker_needs_no_port(read: Read) -> None:
    fragment = read("services: {worker: {command: x}}")
    assert fragment.services[0].ports == () and len(fragment.workloads) == 1


def test_a_version_has_what_the_service_says_unless_it_says_otherwise(read: Read) -> None:
    fragment = read(
        "services: {web: {port: 1, command: x, replicas: 2, load_balancing: random, versions: "
        "{v1: {}, v2: {command: y, replicas: 0, outlier_detection: {}}, v3: {load_balancing: maglev_}}}}".replace(
            "maglev_", "round_robin"
        )
    )
    assert [(workload.command, workload.replicas) for workload in fragment.workloads] == [("x", 2), ("y", 0), ("x", 2)]
    policies = [subset.policy for subset in fragment.services[0].subsets]
    assert policies[0] is None
    assert policies[1] is not None and policies[1].load_balancing.balance == "random"
    assert policies[2] is not None and policies[2].load_balancing.balance == "round_robin"


def test_the_port_of_an_address_is_that_of_the_service(read: Read) -> None:
    fragment = read("services: {web: {versions: {v1: {addresses: [10.0.0.1, 10.0.0.2:81]}}}}")
    assert fragment.services[0].ports[0].number == 81
    assert not read("services: {web: {addresses: [unix:/a]}}").services


def test_versions_have_the_labels_of_the_service_and_their_own(read: Read) -> None:
    fragment = read(
        "services: {web: {port: 1, command: x, labels: {team: shop, tier: 1}, locality: eu, "
        "versions: {v1: {labels: {tier: 2}}, v2: {locality: eu/b/c}}}}"
    )
    first, second = fragment.workloads
    region = ("topology.kubernetes.io/region", "eu")
    assert first.labels == (("app", "web"), ("version", "v1"), ("team", "shop"), ("tier", "2"), region)
    assert (str(first.locality), str(second.locality)) == ("eu", "eu/b/c")


def test_addresses_have_labels_and_a_place(read: Read) -> None:
    fragment = read(
        "services: {db: {port: 1, labels: {a: b}, locality: eu/a, "
        "versions: {v1: {addresses: 10.0.0.1}, v2: {addresses: [10.0.0.2:2]}}}}"
    )
    first, second = fragment.services[0].addresses
    assert first.labels == (("version", "v1"), ("a", "b")) and str(first.locality) == "eu/a"
    assert second.port == 2 and second.locality == first.locality


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{port: 1, command: x, resolution: dns}", '"resolution" needs hosts: the names by which it is called'),
        ("{port: 1, command: x, location: inside}", '"location" needs hosts: the names by which it is called'),
        (
            "{port: 1, command: x, alias: db.example.org}",
            '"alias" is another host; it can have no hosts, addresses or commands of its own',
        ),
        (
            "{port: 1, command: x, streams: {to: db}}",
            '"streams" are for TCP and TLS; every port of it speaks HTTP: write routes',
        ),
        ("{hosts: a.example.org}", '"hosts" need a port; write port'),
        ("{hosts: '*', port: 1}", '"hosts" cannot be every host; write *.example.org'),
        (
            "{hosts: '*.example.org', port: 1, resolution: dns}",
            '"resolution" cannot be dns for a wildcard; write dynamic_dns or addresses',
        ),
        (
            "{hosts: a.example.org, port: 1, mtls: strict}",
            '"mtls" is for what runs here; for services elsewhere, write tls',
        ),
        (
            "{port: 1, command: x, visible_to: A}",
            '"visible_to[0]" must be a namespace, * for all or . for its own, not "A"',
        ),
    ],
)
def test_mistakes_about_other_names_are_told(read: Read, text: str, message: str) -> None:
    assert [finding.message for finding in read(f"services: {{web: {text}}}").findings] == [f"service web: {message}"]


@pytest.mark.parametrize(
    ("text", "resolution", "is_outside"),
    [
        ("{hosts: api.example.org, port: 443, protocol: tls}", Resolution.DNS, True),
        ("{hosts: ['*.example.org'], port: 443}", Resolution.DYNAMIC_DNS, True),
        ("{hosts: api.example.org, port: 443, resolution: none}", Resolution.NONE, True),
        ("{hosts: api.example.org, port: 443, addresses: 10.0.0.1}", Resolution.ENDPOINTS, True),
        ("{hosts: '*.example.org', port: 443, addresses: a.b, resolution: dns}", Resolution.DNS, True),
        ("{hosts: shop.example.org, port: 80, command: x}", Resolution.ENDPOINTS, False),
    ],
)
def test_services_outside_are_called_by_their_hosts(
    read: Read, text: str, resolution: Resolution, is_outside: bool
) -> None:
    (service,) = read(f"services: {{api: {text}}}").services
    assert service.hosts and service.resolution is resolution and service.is_outside is is_outside


def test_sidecars_may_take_plain_text(read: Read) -> None:
    fragment = read("services: {web: {port: 1, command: x, mtls: permissive, visible_to: [., ops]}}")
    (peers,) = fragment.objects
    assert isinstance(peers, PeerAuthentication) and peers.selector == (("app", "web"),)
    assert peers.mode is PeerMode.PERMISSIVE and fragment.services[0].exports == (".", "ops")


def test_rules_may_be_for_some_callers_and_ports(read: Read) -> None:
    (route,) = read(
        "services: {web: {port: 1, command: x, routes: [{match: {from: {namespace: ops, labels: {a: b}}, ports: 1}, "
        "versions: v1}, {match: {from: {}}, versions: v1}]}}"
    ).routes
    first, second = (rule.matches[0] for rule in route.rules)
    assert first.source == Source(namespace="ops", labels=(("a", "b"),)) and first.ports == (1,)
    assert second.source == Source()


@pytest.mark.parametrize(
    ("text", "host"), [("command: x", "db.default.svc.cluster.local"), ("hosts: db.example.org", "db.example.org")]
)
def test_single_ports_may_have_policies_of_their_own(read: Read, text: str, host: str) -> None:
    fragment = read(
        f"services: {{db: {{ports: {{a: 1, b: 2}}, {text}, idle_timeout: 1s, "
        "port_policies: {2: {load_balancing: random}}}}"
    )
    (found,) = fragment.services[0].destinations or fragment.objects
    assert isinstance(found, Destination) and found.host == host
    ((number, policy),) = found.port_policies
    assert (number, policy.load_balancing.balance, policy.idle_timeout) == (2, Balance.RANDOM, 1)


def test_connections_may_have_rules(read: Read) -> None:
    fragment = read(
        "services:\n  db:\n    ports: {tcp: 5432}\n    command: x\n    streams:\n"
        "    - {match: {from: {namespace: shop}}, to: db/v2}\n    versions: {v1: {}, v2: {}}\n"
    )
    (routes,) = fragment.routes
    assert (routes.kind, routes.service, routes.by_specificity) == (RouteKind.TCP, fragment.services[0].name, False)
    assert routes.origin.line == 5
    assert [each.subset for each in routes.streams[0].backends] == ["v2"]

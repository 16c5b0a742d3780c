from __future__ import annotations

from typing import Any

from tests.envoy.decoded import decoded
from tests.envoy.kitchen import HERE, backend, http, rule, service
from tests.envoy.pki import Pki
from tests.envoy.policies import deny, guard, operation
from tulle.envoy.gateway import compile_gateway
from tulle.envoy.gateway_hosts import Memory
from tulle.model.guards import Guard
from tulle.model.listeners import Certificate, Entrance, Listener, ListenerHost, ListenerProtocol, TlsHandling
from tulle.model.mesh import Mesh
from tulle.model.names import Name
from tulle.model.routes import Forward, RouteSet, StreamMatch, StreamRule
from tulle.model.services import Port, Protocol
from tulle.model.steps import LimitConnections
from tulle.xds.snapshot import CLUSTER, LISTENER, ROUTE, SECRET, VIRTUAL_HOST, Snapshot

SECRET_OF_A = Pki().secret("a", "a.example")
TCP = Port(name="tcp", number=7, protocol=Protocol.TCP)
SERVICES = (service("web", http()), service("db", TCP))


def listener(
    name: str, port: int, protocol: ListenerProtocol = ListenerProtocol.HTTP, *hosts: str, **more: Any
) -> Listener:
    names = tuple(ListenerHost(host=host) for host in hosts or ("*",))
    return Listener(name=Name("default", name), origin=HERE, port=port, protocol=protocol, hosts=names, **more)


def snapshot(*listeners: Listener, routes: tuple[RouteSet, ...] = (), guard: Guard | None = None) -> Snapshot:
    mesh = Mesh(
        services={each.name: each for each in SERVICES},
        listeners={each.name: each for each in listeners},
        gateway_routes=routes,
        gateway_guard=guard,
        secrets={SECRET_OF_A.name: SECRET_OF_A},
    )
    return compile_gateway(mesh, Memory())


def test_listeners_routes_and_their_clusters_are_there() -> None:
    rules = (rule("r", Forward(backends=(backend("web"),))),)
    found = snapshot(
        listener("a", 80),
        listener("b", 80, ListenerProtocol.HTTP, "b.example", redirect_to_https=443),
        routes=(RouteSet(name=Name("default", "r"), origin=HERE, hosts=("a.example",), rules=rules),),
    )
    assert list(found.table(LISTENER)) == ["gateway|127.0.0.1:80"]
    assert list(found.table(ROUTE)) == ["gateway.127.0.0.1:80"]
    assert set(found.table(VIRTUAL_HOST)) == {
        f"gateway.127.0.0.1:80/{host}" for host in ("*", "a.example", "b.example")
    }
    assert list(found.table(CLUSTER)) == ["outbound|8000||web.default"]
    assert found.table(SECRET) == {}


def test_streams_reach_the_listeners_that_they_are_attached_to() -> None:
    stream = StreamRule(name="", origin=HERE, matches=(StreamMatch(ports=(81,)),), backends=(backend("db"),))
    route = RouteSet(name=Name("default", "s"), origin=HERE, listeners=("default/a", "default/b"), streams=(stream,))
    tcp = ListenerProtocol.TCP
    found = snapshot(
        listener("a", 8081, tcp, declared_port=81),
        listener("b", 8082, tcp),
        listener("c", 8083, tcp, backends=(backend("db"),)),
        routes=(route,),
    )
    chosen = [
        decoded(each)["filter_chains"][0]["filters"][0]["typed_config"]["cluster"]
        for each in found.table(LISTENER).values()
    ]
    assert chosen == ["outbound|7||db.default", "placeholder", "outbound|7||db.default"]
    assert list(found.table(CLUSTER)) == ["outbound|7||db.default"]


def test_a_proxy_has_only_the_secrets_that_it_needs() -> None:
    shown = (Certificate(secret=SECRET_OF_A.name),)
    https = ListenerProtocol.HTTPS
    found = snapshot(
        listener("a", 443, https, "a.example", certificates=shown), listener("b", 443, https, certificates=shown)
    )
    assert list(found.table(SECRET)) == ["secret|default/a"]
    foreign = found.table(VIRTUAL_HOST)["gateway.127.0.0.1:443|default|a/|foreign"]
    assert decoded(foreign)["domains"] == ["*"]


def test_what_is_only_passed_on_has_clusters_by_server_name() -> None:
    found = snapshot(listener("auto", 15443, ListenerProtocol.TLS, "*.local", tls=TlsHandling.AUTO_PASSTHROUGH))
    assert list(found.table(CLUSTER)) == [
        "outbound_.8000_._.web.default.svc.cluster.local",
        "outbound_.7_._.db.default.svc.cluster.local",
    ]


def test_connections_are_guarded_by_the_port_as_it_was_written() -> None:
    for port in ("81", "8081"):
        of = guard(deny(operation(ports=(port,))))
        tcp = listener("a", 8081, ListenerProtocol.TCP, declared_port=81, backends=(backend("db"),))
        found = snapshot(tcp, guard=of)
        for each in found.table(LISTENER).values():
            for chain in decoded(each)["filter_chains"]:
                assert [each["name"] for each in chain["filters"]] == ["rbac.deny", "tcp"]


def test_a_listener_may_have_a_guard_of_its_own() -> None:
    first, second = (
        listener(name, port, ListenerProtocol.TCP, backends=(backend("db"),)) for name, port in (("a", 81), ("b", 82))
    )
    mesh = Mesh(
        services={each.name: each for each in SERVICES},
        listeners={each.name: each for each in (first, second)},
        gateway_guards={second.name: guard(deny(operation(ports=("82",))))},
    )
    found = {each.name: decoded(each) for each in compile_gateway(mesh, Memory()).table(LISTENER).values()}
    chains = {name: [it["name"] for it in each["filter_chains"][0]["filters"]] for name, each in found.items()}
    assert list(chains.values()) == [["tcp"], ["rbac.deny", "tcp"]]


def test_connections_that_are_counted_have_a_listener_of_their_own() -> None:
    rule_ = StreamRule(
        name="",
        origin=HERE,
        matches=(StreamMatch(),),
        backends=(backend("db"),),
        steps=(LimitConnections(amount=1),),
    )
    route = RouteSet(name=Name("default", "s"), origin=HERE, listeners=("default/a",), streams=(rule_,))
    found = snapshot(listener("a", 81, ListenerProtocol.TCP, entrance=Entrance()), routes=(route,))
    assert set(found.table(LISTENER)) == {"gateway|127.0.0.1:81", "counted|default/a"}
    assert set(found.table(CLUSTER)) == {"outbound|7||db.default", "counted|default/a"}


def test_http3_is_spoken_beside_tls_and_told_there_only() -> None:
    entrance = Entrance(http3=443)
    files = (Certificate(certificate_file="/a", key_file="/a"),)
    secure = listener("b", 81, ListenerProtocol.HTTPS, entrance=entrance, certificates=files)
    found = snapshot(listener("a", 81, entrance=entrance), secure)
    assert set(found.table(LISTENER)) == {"gateway|127.0.0.1:81", "gateway|127.0.0.1:81/udp"}
    told = {name: "response_headers_to_add" in decoded(each) for name, each in found.table(ROUTE).items()}
    assert told == {"gateway.127.0.0.1:81": False, "gateway.127.0.0.1:81|tls": True}

from __future__ import annotations

from typing import Any

from tests.envoy.kitchen import HERE
from tulle.envoy import sockets
from tulle.envoy.rewrites import Entry
from tulle.model.listeners import Entrance, Listener, ListenerHost, ListenerProtocol, TlsHandling
from tulle.model.names import SYSTEM_NAMESPACE, Name
from tulle.model.routes import RouteSet


def listener(
    name: str,
    *hosts: str,
    protocol: ListenerProtocol = ListenerProtocol.HTTP,
    namespace: str = "default",
    **more: Any,
) -> Listener:
    names = tuple(ListenerHost(host=host) for host in hosts or ("*",))
    return Listener(name=Name(namespace, name), origin=HERE, port=80, protocol=protocol, hosts=names, **more)


def routes(*hosts: str, listeners: tuple[str, ...] = ()) -> RouteSet:
    return RouteSet(name=Name("default", "r"), origin=HERE, hosts=hosts, listeners=listeners)


HTTPS, TLS, UDP = ListenerProtocol.HTTPS, ListenerProtocol.TLS, ListenerProtocol.UDP


def test_listeners_are_grouped_by_address_port_and_kind_of_socket() -> None:
    found = sockets.by_socket([listener("a"), listener("b"), listener("c", protocol=UDP), listener("d", address="::1")])
    assert {name: [each.name.name for each in group] for name, group in found.items()} == {
        "127.0.0.1:80": ["a", "b"],
        "127.0.0.1:80/udp": ["c"],
        "[::1]:80": ["d"],
    }


def test_what_is_only_passed_on_is_not_read() -> None:
    through = listener("a", protocol=HTTPS, tls=TlsHandling.PASSTHROUGH)
    assert not sockets.reads_http(through)
    assert sockets.has_tls(through)
    assert sockets.reads_http(listener("a", protocol=HTTPS, tls=TlsHandling.MESH))
    assert not sockets.reads_http(listener("a", protocol=TLS))
    assert not sockets.ends_tls(listener("a"))


def test_a_host_belongs_to_the_listener_that_means_it_most_specifically() -> None:
    layout = sockets.layout(
        [listener("any"), listener("wild", "*.b"), listener("one", "a.b", namespace=SYSTEM_NAMESPACE)]
    )
    shared = "gateway.127.0.0.1:80"

    def hosts(*wanted: str, to: str) -> list[str]:
        return [host for _, host in layout.places(routes(*wanted, listeners=(to,)))]

    assert hosts("a.b", "x.b", "c", to="default/any") == ["c"]
    assert hosts("*", "a.b", "x.b", to="default/wild") == ["*.b", "x.b"]
    assert hosts("*.b", to="one") == ["a.b"]
    assert list(layout.places(routes("c", listeners=("gone",)))) == []
    assert set(layout.places(routes())) == {(shared, "*"), (shared, "*.b"), (shared, "a.b")}
    assert layout.standing == {(shared, "*"), (shared, "*.b"), (shared, "a.b")}


def test_a_listener_that_redirects_has_its_hosts_for_itself() -> None:
    layout = sockets.layout(
        [listener("any"), listener("moved", "a.b", "both.b", redirect_to_https=8443), listener("other", "both.b")]
    )
    shared = "gateway.127.0.0.1:80"
    assert layout.redirects == {(shared, "a.b"): 8443}
    assert (shared, "a.b") not in layout.standing
    assert [host for _, host in layout.places(routes("*", "a.b"))] == ["*", "both.b"]


def test_listeners_with_tls_have_routes_of_their_own_and_know_the_hosts_of_the_others() -> None:
    layout = sockets.layout(
        [
            listener("any", protocol=HTTPS, declared_port=443),
            listener("a", "a.b", protocol=HTTPS),
            listener("through", "t.b", protocol=TLS, tls=TlsHandling.PASSTHROUGH),
            listener("plain", "a.b"),
        ]
    )
    of_any, of_a = (f"gateway.127.0.0.1:80|default|{name}" for name in ("any", "a"))
    assert layout.foreign == {of_any: ("a.b", "t.b"), of_a: ("*", "t.b")}
    assert layout.ports[of_any] == (80, 443)
    assert layout.entries[of_any] == Entry(443, is_encrypted=True, moved=((443, 80),))
    assert layout.entries["gateway.127.0.0.1:80"] == Entry(80, is_encrypted=False, moved=((443, 80),))
    assert (of_a, "*") not in layout.standing
    assert {name for name, _ in layout.places(routes("a.b"))} == {of_a, "gateway.127.0.0.1:80"}


def test_of_very_many_hosts_only_those_are_known_that_could_be_confused() -> None:
    many = [listener(f"l{number}", f"h{number}.b", protocol=HTTPS) for number in range(sockets.MOST_TOLD_APART + 2)]
    layout = sockets.layout([*many, listener("wild", "*.b", protocol=HTTPS)])
    assert layout.foreign["gateway.127.0.0.1:80|default|l1"] == ("*",)
    assert len(layout.foreign["gateway.127.0.0.1:80|default|wild"]) == len(many) + 1


def test_routers_decide_about_hosts_at_entry_points() -> None:
    point = Listener(
        name=Name("@static", "web|tls"),
        origin=HERE,
        port=8443,
        protocol=ListenerProtocol.HTTPS,
        hosts=(ListenerHost(host="a.test"),),
        entrance=Entrance(),
    )
    found = sockets.layout([point])
    assert [each.hosts for each in found.sections.values()] == [("*",)]
    assert [each.is_routed for each in found.entries.values()] == [True]

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tulle.envoy import naming
from tulle.model.names import Name

WORD = st.from_regex(r"[a-z][a-z0-9-]{0,10}", fullmatch=True)
HOST = st.from_regex(r"(\*\.)?[a-z][a-z0-9-]{0,5}(\.[a-z]{1,5}){0,2}", fullmatch=True)
"""Services of other documents are called like their hosts."""


@given(WORD, HOST, st.integers(1, 65535), st.one_of(st.none(), WORD), st.booleans())
def test_a_cluster_name_says_what_it_was_made_of(
    namespace: str, name: str, port: int, subset: str | None, is_udp: bool
) -> None:
    service = Name(namespace, name)
    assert naming.parse_cluster(naming.cluster(service, port, subset, is_udp=is_udp)) == (service, port, subset or "")


@pytest.mark.parametrize(
    "name", ["outside", "inbound|http", "outbound|x||a.b", "outbound|²||a.b", "outbound|1|a.b", ""]
)
def test_any_other_name_names_no_service(name: str) -> None:
    assert naming.parse_cluster(name) == naming.NOTHING


def test_a_certificate_that_is_shown_is_no_part_of_the_subset() -> None:
    service, shown = Name("default", "bank"), Name("default", "client")
    for subset in (None, "v1"):
        name = naming.cluster(service, 443, subset, shown=shown)
        assert naming.parse_cluster(name) == (service, 443, subset or "")
        assert name == naming.cluster(service, 443, naming.chosen(subset, shown))


def test_secrets_are_named_by_what_they_hold() -> None:
    name = Name("shop", "tls")
    assert naming.secret(name) == "secret|shop/tls"
    assert naming.secret_ca(name) == "secret-ca|shop/tls"
    assert naming.config_map_ca(name) == "config-map-ca|shop/tls"
    joined = naming.joined_ca((naming.secret_ca(name), naming.config_map_ca(Name("a", "b"))))
    assert joined == "secret-ca|shop/tls+config-map-ca|a/b"


def test_people_say_it_shorter() -> None:
    assert naming.spoken(Name("default", "web"), 80, "") == "web.default:80"
    assert naming.spoken(Name("default", "web"), 80, "v2") == "web.default:80/v2"


@given(WORD, WORD, st.integers(1, 65535), st.one_of(st.just(""), WORD))
def test_a_server_name_can_say_a_cluster(namespace: str, name: str, port: int, subset: str) -> None:
    service = Name(namespace, name)
    assert naming.parse_cluster(naming.passthrough(service, port, subset)) == (service, port, subset)


def test_sockets_have_names() -> None:
    assert naming.socket("127.0.0.1", 80) == "127.0.0.1:80"
    assert naming.socket("::1", 53, is_udp=True) == "[::1]:53/udp"
    assert naming.gateway_routes("s", "a/b") == "gateway.s|a|b"
    assert naming.gateway_routes("s") == "gateway.s"


def test_secrets_of_the_mesh_are_told_from_those_of_the_host() -> None:
    name = Name("a", "b")
    of_mesh = (naming.secret(name), naming.secret_ca(name), naming.config_map_ca(name))
    assert all(map(naming.is_mesh_secret, (naming.sign_in(name), naming.seal(name))))
    assert all(map(naming.is_mesh_secret, (*of_mesh, naming.joined_ca(of_mesh))))
    of_host = (
        naming.WORKLOAD_SECRET,
        naming.TRUST_SECRET,
        naming.certificate("/a", "/b"),
        naming.client_ca("/a", "/b"),
    )
    assert not any(map(naming.is_mesh_secret, of_host))


@pytest.mark.parametrize(
    ("owner", "listener"),
    [("inbound|http", "inbound|http"), ("gateway|127.0.0.1:8080|80", "gateway|127.0.0.1:8080")],
)
def test_a_slot_is_of_a_listener(owner: str, listener: str) -> None:
    assert naming.listener_of(naming.slot("custom.a@b", owner)) == listener

from __future__ import annotations

from typing import Any

from tests.envoy.connections import Connection, chosen
from tests.envoy.decoded import Json, decoded
from tests.envoy.kitchen import HERE
from tulle.envoy import gateway_listeners
from tulle.envoy.edge_tls import Material
from tulle.envoy.gateway_listeners import Content
from tulle.model.listeners import (
    Certificate,
    ClientTrust,
    Entrance,
    Listener,
    ListenerHost,
    ListenerProtocol,
    TlsVersions,
)
from tulle.model.mesh import Settings
from tulle.model.names import Name

SETTINGS, ENTRANCE = Settings(), Entrance(http3=443)
FILES = Certificate(certificate_file="/a", key_file="/a")
USUAL = Content(material=Material((FILES,)))


def listener(name: str, *hosts: str, **more: Any) -> Listener:
    usual = {"protocol": ListenerProtocol.HTTPS, "entrance": ENTRANCE, "alpn": ("h2", "http/1.1"), "ending": name}
    return Listener(
        name=Name("default", name),
        origin=HERE,
        port=8443,
        hosts=tuple(ListenerHost(host=host) for host in hosts or ("*",)),
        **{**usual, **more},
    )


def compiled(*pairs: tuple[Listener, Content]) -> Json | None:
    first, *others = (each for each, _ in pairs)
    contents = tuple(content for _, content in pairs)
    found = gateway_listeners.compile_quic(first, tuple(others), SETTINGS, contents)
    return decoded(found) if found is not None else None


def ending(found: Json, name: str) -> str | None:
    """By which options TLS is ended for a server name."""
    chain = chosen(found["filter_chain_matcher"], Connection(name=name, protocols=("h3",)))
    for each in found["filter_chains"]:
        if each["name"] == chain:
            _, state = each["filters"][0]["typed_config"]["on_new_connection"][1:]
            return str(state["format_string"]["text_format_source"]["inline_string"])
    return None


def test_requests_are_read_over_udp() -> None:
    found = compiled((listener("default"), USUAL))
    assert found is not None
    assert found["name"] == "gateway|127.0.0.1:8443/udp"
    assert found["address"]["socket_address"]["protocol"] == "UDP"
    assert "quic_options" in found["udp_listener_config"]
    assert "listener_filters" not in found
    (chain,) = found["filter_chains"]
    assert chain["filters"][-1]["typed_config"]["codec_type"] == "HTTP3"
    context = chain["transport_socket"]["typed_config"]["downstream_tls_context"]["common_tls_context"]
    assert context["alpn_protocols"] == ["h3"]
    assert context["tls_certificate_sds_secret_configs"][0]["name"] == "certificate|/a|/a"


def test_nobody_speaks_it_who_is_not_asked() -> None:
    plain = listener("plain", protocol=ListenerProtocol.HTTP)
    silent = listener("silent", entrance=Entrance())
    answers = listener("answers", offers=("acme-tls/1",))
    assert compiled((plain, USUAL), (silent, USUAL), (answers, USUAL)) is None


def test_hosts_for_which_it_cannot_be_spoken() -> None:
    asking = Content(material=Material((FILES,), ClientTrust(ca_file="/ca")))
    found = compiled(
        (listener("old", "old.test", versions=TlsVersions(maximum="1.2")), USUAL),
        (listener("asked", "asked.test"), asking),
        (listener("broken", "broken.test"), Content()),
        (listener("new", "new.test"), USUAL),
        (listener("default"), USUAL),
    )
    assert found is not None
    assert ending(found, "new.test") == "new"
    assert {ending(found, f"{name}.test") for name in ("old", "asked", "broken", "other")} == {"default"}


def test_names_without_a_certificate_are_refused_where_they_are() -> None:
    strict = listener("default", certified=("a.test", "*.b.test"))
    found = compiled((strict, USUAL))
    assert found is not None
    assert [ending(found, name) for name in ("a.test", "x.b.test", "c.test", "")] == ["default", "default", None, None]
    assert compiled((listener("default", certified=()), USUAL)) is None

from __future__ import annotations

from typing import Any

import pytest
import re2

from tests.envoy.decoded import Json, as_json
from tulle.envoy import connection_manager, entrances
from tulle.envoy.conditions import ENDING
from tulle.envoy.entrances import PEER, TOLD, Variant, variants
from tulle.envoy.filters.base import Chain, Side
from tulle.envoy.gateway_hosts import lazy_routes
from tulle.model.listeners import Entrance, Forwarded
from tulle.model.mesh import Settings
from tulle.model.observing import Observed, RequestLog, RequestMetrics

SETTINGS = Settings()


def manager(entrance: Entrance, *, is_encrypted: bool = False) -> Json:
    chain = Chain(side=Side.GATEWAY, settings=SETTINGS, entrance=entrance, is_encrypted=is_encrypted)
    return as_json(connection_manager.gateway(chain, "edge", asks_clients=True))


def mutations(found: Json) -> list[Any]:
    (extension,) = found["early_header_mutation_extensions"]
    return [
        each.get("remove_on_match") or (each["append"]["header"]["key"], each["append"]["header"]["value"])
        for each in extension["typed_config"]["mutations"]
    ]


def test_nobody_is_believed() -> None:
    found = mutations(manager(Entrance(), is_encrypted=True))
    pattern = found[0]["key_matcher"]["safe_regex"]["regex"]
    for name in entrances.SET_BY_PROXIES:
        assert re2.fullmatch(pattern, name.lower()) and re2.fullmatch(pattern, name.lower().replace("-", "_", 1))
    assert not re2.fullmatch(pattern, "x-forwarded-other")
    assert found[1:] == [
        ("X-Real-Ip", PEER),
        ("X-Forwarded-Proto", "https"),
        ("X-Forwarded-Port", "443"),
        ("X-Forwarded-Host", "%REQ(:AUTHORITY)%"),
        ("X-Forwarded-Server", "%HOSTNAME%"),
    ]
    assert ("X-Forwarded-Port", "80") in mutations(manager(Entrance()))


def test_everybody_is_believed() -> None:
    found = dict(mutations(manager(Entrance(forwarded=Forwarded(trusts_all=True)))))
    assert found["X-Forwarded-Port"].startswith("%CEL(")


def test_what_is_usual() -> None:
    found = manager(Entrance())
    assert found["normalize_path"] is True and found["merge_slashes"] is True
    assert found["use_remote_address"] is False
    assert found["path_with_escaped_slashes_action"] == "KEEP_UNCHANGED"
    assert found["max_request_headers_kb"] == 1024
    assert (found["request_timeout"], found["drain_timeout"]) == ("60s", "1s")
    assert "headers_with_underscores_action" not in found["common_http_protocol_options"]
    assert "forward_client_cert_details" not in found


@pytest.mark.parametrize(("word", "action"), [("delete", "DROP_HEADER"), ("reject", "REJECT_REQUEST")])
def test_every_option(word: str, action: str) -> None:
    found = manager(
        Entrance(
            sanitizes_path=False, underscores=word, longest=9.0, most_requests=8, largest_headers=1, most_streams=0
        )
    )
    common = found["common_http_protocol_options"]
    assert common["headers_with_underscores_action"] == action
    assert (common["max_connection_duration"], common["max_requests_per_connection"]) == ("9s", 8)
    assert found["normalize_path"] is False
    assert found["max_request_headers_kb"] == 1
    assert found["http2_protocol_options"]["max_concurrent_streams"] == 250


def test_the_address_of_the_client_comes_last() -> None:
    message = lazy_routes("edge")
    entrances.forward(Entrance(), message)
    joined, alone = as_json(message)["request_headers_to_add"]
    assert joined["header"]["value"] == f"%REQ(X-Forwarded-For)%, {PEER}"
    assert (alone["header"]["value"], alone["append_action"]) == (PEER, "ADD_IF_ABSENT")
    message = lazy_routes("edge")
    entrances.forward(Entrance(forwarded=Forwarded(appends=False)), message)
    assert not message.request_headers_to_add
    message = lazy_routes("edge")
    entrances.forward(Entrance(proxy_protocol=Forwarded()), message)
    assert "FILTER_STATE" in message.request_headers_to_add[1].header.value


def test_whom_to_believe() -> None:
    trusted = Forwarded(trusted=("10.0.0.1",))
    usual = Entrance()
    assert list(variants(usual)) == [Variant(usual, PEER)]
    some = Entrance(forwarded=trusted)
    first, second = variants(some)
    assert (first.peers, first.clients, first.address) == (("10.0.0.1/32",), (), PEER)
    assert first.entrance.forwarded.trusts_all and not second.entrance.forwarded.trusts_all
    everybody = Entrance(proxy_protocol=Forwarded(trusts_all=True))
    assert [each.address for each in variants(everybody)] == [TOLD]
    both = Entrance(forwarded=trusted, proxy_protocol=Forwarded(trusted=("10.0.0.2",)))
    assert [(each.address, each.peers, each.clients) for each in variants(both)] == [
        (TOLD, ("10.0.0.2/32",), ("10.0.0.1/32",)),
        (TOLD, ("10.0.0.2/32",), ()),
        (PEER, ("10.0.0.1/32",), ()),
        (PEER, (), ()),
    ]


def test_where_connections_come_from_is_noted() -> None:
    filter_ = as_json(entrances.noted(TOLD))
    value, text = filter_["typed_config"]["on_new_connection"]
    assert (text["object_key"], text["factory_key"]) == (entrances.CLIENT, "envoy.string")
    assert value["factory_key"] == "envoy.network.ip"
    _, _, ending = as_json(entrances.noted(TOLD, "o.@file"))["typed_config"]["on_new_connection"]
    assert (ending["object_key"], ending["factory_key"]) == (ENDING, "envoy.string")
    assert ending["format_string"]["text_format_source"]["inline_string"] == "o.@file"
    assert as_json(entrances.proxy_protocol())["typed_config"]["allow_requests_without_proxy_protocol"] is True


def test_clients_are_told_of_http3() -> None:
    message = lazy_routes("edge")
    entrances.forward(Entrance(http3=443), message)
    (header,) = message.response_headers_to_add
    assert (header.header.key, header.header.value) == ("alt-svc", 'h3=":443"; ma=2592000')


def test_requests_are_logged() -> None:
    assert "access_log" not in manager(Entrance())
    found = manager(Entrance(observed=Observed(place="web", log=RequestLog())))
    assert [each["name"] for each in found["access_log"]] == ["stdout"]
    counted = manager(Entrance(observed=Observed(place="web", metrics=RequestMetrics())))
    assert [each["name"] for each in counted["access_log"]] == ["entrypoints", "services"]
    assert "noted" in [each["name"] for each in found["http_filters"]]

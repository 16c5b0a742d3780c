from __future__ import annotations

from envoy.config.core.v3 import base_pb2
from envoy.config.listener.v3 import listener_components_pb2, listener_pb2

from tests.envoy.decoded import Json, as_json
from tulle.envoy.chains import Entry, Speech, fill

SOCKET = base_pb2.TransportSocket(name="tls")


def entry(*names: str, speech: Speech = Speech.ANY, ends: bool = False, subnets: tuple[str, ...] = ()) -> Entry:
    filters = [listener_components_pb2.Filter(name="f")]
    return Entry(names, filters, SOCKET if ends else None, speech, subnets)


def filled(*entries: Entry) -> Json:
    listener = listener_pb2.Listener()
    fill(listener, entries)
    return as_json(listener)


def matches(listener: Json) -> list[Json | None]:
    return [each.get("filter_chain_match") for each in listener["filter_chains"]]


def inspectors(listener: Json) -> list[str]:
    return [each["name"] for each in listener.get("listener_filters", [])]


def test_one_chain_for_everybody_needs_no_look() -> None:
    for only in (entry(), entry(speech=Speech.HTTP), entry(speech=Speech.BYTES), entry(speech=Speech.TLS, ends=True)):
        listener = filled(only)
        assert matches(listener) == [None]
        assert inspectors(listener) == []
        assert "continue_on_listener_filters_timeout" not in listener


def test_first_come_first_served() -> None:
    listener = filled(entry("a", "b"), entry("b", "c"), entry("c"), entry("*", "d"), entry())
    assert matches(listener) == [
        {"server_names": ["a", "b"]},
        {"server_names": ["c"]},
        {"server_names": ["d"]},
        None,
    ]
    assert inspectors(listener) == ["tls_inspector"]


def test_tls_that_is_passed_on_takes_nothing_but_tls() -> None:
    assert matches(filled(entry(speech=Speech.TLS))) == [{"transport_protocol": "tls"}]


def test_http_bytes_and_tls_share_a_port() -> None:
    listener = filled(
        entry(speech=Speech.HTTP), entry(speech=Speech.BYTES), entry("a", speech=Speech.TLS, ends=True), entry()
    )
    http, plain, rest, tls = matches(listener)[:4]
    assert http == {"transport_protocol": "raw_buffer", "application_protocols": ["http/1.0", "http/1.1", "h2c"]}
    assert plain == {"transport_protocol": "raw_buffer"}
    assert rest is None
    assert tls == {"server_names": ["a"], "transport_protocol": "tls"}
    assert inspectors(listener) == ["tls_inspector", "http_inspector"]
    assert listener["continue_on_listener_filters_timeout"] is True


def test_http_beside_bytes_or_tls_alone() -> None:
    assert matches(filled(entry(speech=Speech.HTTP), entry(speech=Speech.BYTES)))[1] is None
    both = filled(entry(speech=Speech.HTTP), entry("a", speech=Speech.TLS, ends=True))
    assert matches(both)[0] == {"transport_protocol": "raw_buffer"}
    assert "continue_on_listener_filters_timeout" not in both


def test_addresses_that_were_called_decide() -> None:
    found = matches(filled(entry(speech=Speech.BYTES, subnets=("10.1.2.3/8", "::1")), entry(speech=Speech.BYTES)))
    assert found[0] == {
        "prefix_ranges": [
            {"address_prefix": "10.0.0.0", "prefix_len": 8},
            {"address_prefix": "::1", "prefix_len": 128},
        ]
    }
    assert found[1] is None

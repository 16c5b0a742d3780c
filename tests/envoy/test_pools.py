from __future__ import annotations

from envoy.config.cluster.v3 import cluster_pb2

from tests.envoy.decoded import Json, as_json
from tulle.envoy.pools import Spoken, http_options, keep_alive
from tulle.model.policies import ConnectionPool, Keepalive, OutlierDetection, Policy


def options(policy: Policy, *, is_http2: bool = False, names_host: bool = False) -> Json:
    return as_json(http_options(Spoken.by(policy, is_http2=is_http2, names_host=names_host)))


def test_without_a_word_only_the_protocol_is_said() -> None:
    assert set(options(Policy())) == {"@type", "explicit_http_config"}
    assert options(Policy(), is_http2=True)["explicit_http_config"]["http2_protocol_options"] == {
        "allow_connect": True,
        "connection_keepalive": {"interval": "30s", "timeout": "10s"},
    }


def test_connections_end_after_their_time_and_their_requests() -> None:
    pool = ConnectionPool(max_connection_duration=60, max_requests_per_connection=1)
    assert options(Policy(pool=pool, idle_timeout=5))["common_http_protocol_options"] == {
        "idle_timeout": "5s",
        "max_connection_duration": "60s",
        "max_requests_per_connection": 1,
    }


def test_http2_has_its_own_limits_and_signs_of_life() -> None:
    pool = ConnectionPool(max_concurrent_streams=7, http2_keepalive=Keepalive(interval=3, timeout=2))
    assert options(Policy(pool=pool), is_http2=True)["explicit_http_config"]["http2_protocol_options"] == {
        "allow_connect": True,
        "max_concurrent_streams": 7,
        "connection_keepalive": {"interval": "3s", "timeout": "2s"},
    }
    other = ConnectionPool(http2_keepalive=Keepalive(time=4))
    found = options(Policy(pool=other), is_http2=True)["explicit_http_config"]["http2_protocol_options"]
    assert found["connection_keepalive"] == {"interval": "4s", "timeout": "10s"}


def test_the_protocol_of_the_caller_may_be_kept() -> None:
    found = options(Policy(pool=ConnectionPool(use_client_protocol=True)), is_http2=True)
    assert set(found["use_downstream_protocol_config"]) == {"http_protocol_options", "http2_protocol_options"}
    assert "explicit_http_config" not in found


def test_tls_may_ask_for_the_host_of_the_request() -> None:
    assert options(Policy(), names_host=True)["upstream_http_protocol_options"] == {"auto_sni": True}


def test_other_statuses_may_count_as_errors() -> None:
    found = options(Policy(outlier_detection=OutlierDetection(error_codes=(429, 404))))
    (header,) = found["outlier_detection"]["error_matcher"]["http_response_headers_match"]["headers"]
    assert header["string_match"]["safe_regex"]["regex"] == "5[0-9]{2}|404|429"
    assert "outlier_detection" not in options(Policy(outlier_detection=OutlierDetection()))


def test_servers_need_not_see_that_a_proxy_asks() -> None:
    found = options(Policy(pool=ConnectionPool(hides_proxy=True)))
    hiding, codec = found["http_filters"]
    removed = [each["remove"] for each in hiding["typed_config"]["mutations"]["request_mutations"]]
    assert removed == ["x-envoy-internal", "x-envoy-expected-rq-timeout-ms"]
    assert codec["name"] == "codec"


def test_signs_of_life_of_tcp() -> None:
    cluster = cluster_pb2.Cluster()
    keep_alive(Keepalive(), cluster)
    assert as_json(cluster) == {"upstream_connection_options": {"tcp_keepalive": {}}}
    keep_alive(Keepalive(probes=10**6, time=10**6, interval=10**6), cluster)
    most = {"keepalive_probes": 127, "keepalive_time": 32767, "keepalive_interval": 32767}
    assert as_json(cluster)["upstream_connection_options"]["tcp_keepalive"] == most
    keep_alive(Keepalive(probes=3, time=0.2, interval=75), cluster)
    assert as_json(cluster)["upstream_connection_options"]["tcp_keepalive"] == {
        "keepalive_probes": 3,
        "keepalive_time": 1,
        "keepalive_interval": 75,
    }


def test_http2_where_a_server_agrees_to_it() -> None:
    found = options(Policy(pool=ConnectionPool(negotiates_http2=True)))
    assert set(found["auto_config"]) == {"http_protocol_options", "http2_protocol_options"}

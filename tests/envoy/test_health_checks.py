from __future__ import annotations

import pytest
from envoy.config.cluster.v3 import cluster_pb2

from tests.envoy.decoded import Json, as_json
from tulle.envoy import health_checks
from tulle.model.policies import HealthCheck


def checks(check: HealthCheck, *, is_http2: bool = False) -> Json:
    cluster = cluster_pb2.Cluster()
    health_checks.check_health(check, cluster, is_http2=is_http2)
    (found,) = as_json(cluster)["health_checks"]
    return dict(found)


@pytest.mark.parametrize(
    ("check", "is_http2", "expected"),
    [
        (HealthCheck(), False, ("tcp_health_check", {})),
        (HealthCheck(path="/h"), False, ("http_health_check", {"path": "/h"})),
        (HealthCheck(path="/h"), True, ("http_health_check", {"path": "/h", "codec_client_type": "HTTP2"})),
    ],
)
def test_health_is_checked_in_the_language_of_the_endpoint(
    check: HealthCheck, is_http2: bool, expected: tuple[str, object]
) -> None:
    found = checks(check, is_http2=is_http2)
    assert found[expected[0]] == expected[1]
    assert found["unhealthy_threshold"] == 3


def test_services_that_nobody_calls_are_checked_as_often() -> None:
    assert checks(HealthCheck(interval=0.5))["no_traffic_interval"] == "0.500s"


def test_those_who_are_ill_are_asked_at_other_times() -> None:
    assert "unhealthy_interval" not in checks(HealthCheck())
    assert checks(HealthCheck(unhealthy_interval=2))["unhealthy_interval"] == "2s"


def test_what_is_asked_by_http() -> None:
    asked = HealthCheck(
        path="/h", method="POST", statuses=((200, 399), (418, 418)), host="h.test", headers=(("x-a", "50%"),)
    )
    found = checks(asked)["http_health_check"]
    assert (found["method"], found["host"]) == ("POST", "h.test")
    assert found["expected_statuses"] == [{"start": "200", "end": "400"}, {"start": "418", "end": "419"}]
    (header,) = found["request_headers_to_add"]
    assert header["header"] == {"key": "x-a", "value": "50%%"}


def test_grpc_has_a_protocol_for_it() -> None:
    assert checks(HealthCheck(path="/", is_grpc=True))["grpc_health_check"] == {}


def test_what_is_said_and_expected_by_tcp() -> None:
    found = checks(HealthCheck(sends="PING", expects="PONG"))["tcp_health_check"]
    assert found == {"send": {"text": "50494e47"}, "receive": [{"text": "504f4e47"}]}


def test_checks_of_another_scheme_have_a_transport_of_their_own() -> None:
    assert checks(HealthCheck(scheme="https"))["transport_socket_match_criteria"] == {"checked-by": "https"}

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.envoy.decoded import as_json
from tests.envoy.policies import authorizer
from tulle.envoy import authorizers

HTTP = authorizer("a", "checker").check
GRPC = authorizer("a", "checker", is_grpc=True, timeout=0.5).check


def test_an_authorizer_is_asked_over_http() -> None:
    found = as_json(authorizers.for_requests(HTTP, "c"))
    assert found == {
        "transport_api_version": "V3",
        "status_on_error": {"code": "Forbidden"},
        "http_service": {
            "server_uri": {"uri": "http://checker.default.svc.cluster.local:80", "cluster": "c", "timeout": "10s"},
        },
    }


def test_what_it_sees_and_what_others_see_of_it_can_be_said() -> None:
    check = replace(
        HTTP,
        path_prefix="/check",
        request_headers=("x-a", "x-b*", "*-c", "*"),
        response_headers=("x-user",),
        refusal_headers=("x-why",),
        added_headers=(("x-from", "100%"),),
        fails_open=True,
        refusal_status=503,
        max_body=10,
        allows_partial_body=True,
        packs_raw_body=True,
    )
    found = as_json(authorizers.for_requests(check, "c"))
    service = found["http_service"]
    assert service["path_prefix"] == "/check"
    assert service["authorization_request"]["headers_to_add"] == [{"key": "x-from", "value": "100%%"}]
    assert service["authorization_response"] == {
        "allowed_upstream_headers": {"patterns": [{"exact": "x-user", "ignore_case": True}]},
        "allowed_client_headers": {"patterns": [{"exact": "x-why", "ignore_case": True}]},
    }
    assert found["allowed_headers"]["patterns"] == [
        {"exact": "x-a", "ignore_case": True},
        {"prefix": "x-b", "ignore_case": True},
        {"suffix": "-c", "ignore_case": True},
        {"safe_regex": {"regex": ".+"}},
    ]
    assert found["failure_mode_allow"] is True
    assert found["status_on_error"] == {"code": "ServiceUnavailable"}
    assert found["with_request_body"] == {
        "max_request_bytes": 10,
        "allow_partial_message": True,
        "pack_as_bytes": True,
    }


def test_an_authorizer_is_asked_over_grpc() -> None:
    check = replace(GRPC, added_headers=(("x-from", "mesh"),))
    found = as_json(authorizers.for_requests(check, "outbound|80||checker.default"))["grpc_service"]
    assert found == {
        "envoy_grpc": {
            "cluster_name": "outbound|80||checker.default",
            "authority": "checker.default.svc.cluster.local:80",
        },
        "timeout": "0.500s",
        "initial_metadata": [{"key": "x-from", "value": "mesh"}],
    }


def test_about_connections_only_grpc_can_be_asked() -> None:
    assert authorizers.for_connections(HTTP, "c") is None
    found = authorizers.for_connections(replace(GRPC, backend=replace(GRPC.backend, port=None)), "c")
    assert as_json(found)["grpc_service"]["envoy_grpc"] == {
        "cluster_name": "c",
        "authority": "checker.default.svc.cluster.local",
    }


@pytest.mark.parametrize("status", [0, 418, 999])
def test_a_status_that_envoy_refuses_is_403(status: int) -> None:
    found = as_json(authorizers.for_requests(replace(HTTP, refusal_status=status), "c"))
    assert found["status_on_error"] == {"code": "Forbidden"}

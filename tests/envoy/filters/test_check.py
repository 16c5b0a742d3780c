from __future__ import annotations

import pytest

from tests.envoy.decoded import Json, as_json
from tests.envoy.kitchen import backend, rule
from tulle.envoy.filters import check
from tulle.model.routes import ExternalCheck, Respond

GUARD = backend("guard", port=9000)


def asked(**more: object) -> Json:
    return as_json(check.ext_authz(ExternalCheck(backend=GUARD, **more), "c"))  # type: ignore[arg-type]


def exact(name: str) -> Json:
    return {"exact": name, "ignore_case": True}


def test_a_route_brings_the_whole_filter_along() -> None:
    assert check.ask(rule("r", Respond(status=200))) is None
    found = as_json(check.ask(rule("r", Respond(status=200), check=ExternalCheck(backend=GUARD))))
    action = found["xds_matcher"]["on_no_match"]["action"]["typed_config"]
    content = action["typed_config"]["typed_config"]
    assert content["http_service"]["server_uri"] == {
        "uri": "http://guard.default.svc.cluster.local",
        "cluster": "outbound|9000||guard.default",
        "timeout": "10s",
    }


def test_plain_http() -> None:
    assert asked(
        path_prefix="/auth",
        request_headers=("Cookie", "x-*", "*-id", "*"),
        response_headers=("x-user",),
        refusal_headers=("location",),
        added_headers=(("x-from", "100%"),),
        timeout=1.5,
        fails_open=True,
        refusal_status=503,
        max_body=1024,
        allows_partial_body=True,
        packs_raw_body=True,
    ) == {
        "transport_api_version": "V3",
        "failure_mode_allow": True,
        "status_on_error": {"code": "ServiceUnavailable"},
        "allowed_headers": {
            "patterns": [
                exact("Cookie"),
                {"prefix": "x-", "ignore_case": True},
                {"suffix": "-id", "ignore_case": True},
                {"safe_regex": {"regex": ".*"}},
            ]
        },
        "with_request_body": {"max_request_bytes": 1024, "allow_partial_message": True, "pack_as_bytes": True},
        "http_service": {
            "server_uri": {"uri": "http://guard.default.svc.cluster.local", "cluster": "c", "timeout": "1.500s"},
            "path_prefix": "/auth",
            "authorization_request": {"headers_to_add": [{"key": "x-from", "value": "100%%"}]},
            "authorization_response": {
                "allowed_upstream_headers": {"patterns": [exact("x-user")]},
                "allowed_client_headers": {"patterns": [exact("location")]},
            },
        },
    }


def test_grpc() -> None:
    assert asked(is_grpc=True, added_headers=(("x-from", "mesh"),)) == {
        "transport_api_version": "V3",
        "status_on_error": {"code": "Forbidden"},
        "grpc_service": {
            "envoy_grpc": {"cluster_name": "c", "authority": "guard.default.svc.cluster.local"},
            "timeout": "10s",
            "initial_metadata": [{"key": "x-from", "value": "mesh"}],
        },
    }


@pytest.mark.parametrize("status", [0, 418, 999])
def test_a_status_that_envoy_refuses_is_403(status: int) -> None:
    assert asked(refusal_status=status)["status_on_error"] == {"code": "Forbidden"}

from __future__ import annotations

import pytest
from envoy.config.route.v3 import route_pb2

from tests.envoy.decoded import Json, as_json
from tulle.envoy import connection_manager
from tulle.envoy.filters import registry
from tulle.envoy.filters.base import Chain, Side
from tulle.model.extensions import PathNormalization
from tulle.model.mesh import Settings

SETTINGS = Settings()
EDGE = Chain(side=Side.GATEWAY, settings=SETTINGS)


def outbound(settings: Settings = SETTINGS) -> Json:
    return as_json(connection_manager.outbound(Chain(side=Side.OUTBOUND, settings=settings), "outbound.default"))


def active(manager: Json) -> list[str]:
    """The filters that requests pass whose route asks for none."""
    off = registry.asleep(Chain(side=Side.OUTBOUND, settings=SETTINGS))
    return [each["name"] for each in manager["http_filters"] if not each.get("disabled") and each["name"] not in off]


def test_the_chain_is_lean() -> None:
    manager = outbound()
    assert manager["generate_request_id"] is False
    assert manager["stream_idle_timeout"] == "0s"
    assert manager["server_header_transformation"] == "PASS_THROUGH"
    assert active(manager) == ["on_demand", "router"]
    router = manager["http_filters"][-1]["typed_config"]
    assert router["dynamic_stats"] is False
    assert router["suppress_envoy_headers"] is True
    assert "access_log" not in manager


def test_calls_may_be_upgraded_and_tunnelled() -> None:
    assert [each["upgrade_type"] for each in outbound()["upgrade_configs"]] == ["websocket", "CONNECT"]


def test_applications_say_themselves_whether_they_want_a_body() -> None:
    assert outbound()["proxy_100_continue"] is True


def test_there_is_an_access_log_if_asked_for() -> None:
    assert len(outbound(Settings(access_log=True))["access_log"]) == 1


def test_the_callee_tells_the_application_who_called() -> None:
    chain = Chain(side=Side.INBOUND, settings=SETTINGS)
    manager = as_json(connection_manager.inbound(chain, route_pb2.RouteConfiguration(name="r")))
    assert manager["forward_client_cert_details"] == "SANITIZE_SET"
    assert manager["set_current_client_cert_details"] == {"uri": True}
    assert active(manager) == ["router"]


@pytest.mark.parametrize(
    ("wanted", "is_normal", "merges", "action"),
    [
        (PathNormalization.NONE, False, False, None),
        (PathNormalization.BASE, True, False, None),
        (PathNormalization.MERGE_SLASHES, True, True, None),
        (PathNormalization.DECODE_AND_MERGE_SLASHES, True, True, "UNESCAPE_AND_FORWARD"),
    ],
)
def test_what_sidecars_make_of_paths(wanted: PathNormalization, is_normal: bool, merges: bool, action: object) -> None:
    manager = outbound(Settings(path_normalization=wanted))
    assert manager["normalize_path"] is is_normal
    assert manager.get("merge_slashes", False) is merges
    assert manager.get("path_with_escaped_slashes_action") == action


def test_the_edge_is_hardened() -> None:
    manager = as_json(connection_manager.gateway(EDGE, "gateway.http"))
    assert manager["use_remote_address"] is True
    assert manager["normalize_path"] is True
    assert manager["merge_slashes"] is True
    assert manager["path_with_escaped_slashes_action"] == "UNESCAPE_AND_REDIRECT"
    assert manager["common_http_protocol_options"]["headers_with_underscores_action"] == "REJECT_REQUEST"
    assert manager["http2_protocol_options"]["max_concurrent_streams"] == 100
    assert manager["rds"]["route_config_name"] == "gateway.http"
    assert active(manager) == ["router"]


def test_applications_see_certificates_of_clients_only_where_they_are_asked_for() -> None:
    asking = as_json(connection_manager.gateway(EDGE, "r", asks_clients=True))
    assert asking["forward_client_cert_details"] == "SANITIZE_SET"
    assert asking["set_current_client_cert_details"] == {"subject": True, "cert": True, "dns": True, "uri": True}
    assert "forward_client_cert_details" not in as_json(connection_manager.gateway(EDGE, "r"))

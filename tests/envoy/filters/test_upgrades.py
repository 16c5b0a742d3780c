from __future__ import annotations

from tests.envoy.decoded import Json, as_json
from tulle.envoy.filters import upgrades
from tulle.envoy.filters.base import Chain, HttpFilter, Side
from tulle.model.listeners import Entrance
from tulle.model.mesh import Settings


def matchers(placed: HttpFilter) -> list[Json]:
    found: list[Json] = as_json(placed)["typed_config"]["xds_matcher"]["matcher_list"]["matchers"]
    assert all(each["on_match"]["action"]["name"] == "skip" for each in found)
    return found


def test_it_is_for_requests_that_leave_http() -> None:
    assert upgrades.FILTER.place(Chain(side=Side.GATEWAY, settings=Settings())) is None
    placed = upgrades.FILTER.place(Chain(side=Side.GATEWAY, settings=Settings(), entrance=Entrance()))
    assert placed is not None and not isinstance(placed, list | tuple)
    (asked,) = [each["predicate"]["not_matcher"]["single_predicate"] for each in matchers(placed)]
    assert asked["input"]["typed_config"]["header_name"] == "upgrade"
    (value,) = as_json(placed)["typed_config"]["extension_config"]["typed_config"]["on_request_headers"]
    assert value["object_key"] == "envoy.network.application_protocols"
    assert value["shared_with_upstream"] == "ONCE"

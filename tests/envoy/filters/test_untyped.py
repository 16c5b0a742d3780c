from __future__ import annotations

from tests.envoy.decoded import Json, as_json
from tulle.envoy.filters import untyped
from tulle.envoy.filters.base import Chain, HttpFilter, Side
from tulle.model.listeners import Entrance
from tulle.model.mesh import Settings


def matchers(placed: HttpFilter) -> list[Json]:
    found: list[Json] = as_json(placed)["typed_config"]["xds_matcher"]["matcher_list"]["matchers"]
    assert all(each["on_match"]["action"]["name"] == "skip" for each in found)
    return found


def test_it_is_for_answers_that_are_marked_or_say_that_nothing_changed() -> None:
    assert untyped.FILTER.place(Chain(side=Side.GATEWAY, settings=Settings())) is None
    placed = untyped.FILTER.place(Chain(side=Side.GATEWAY, settings=Settings(), entrance=Entrance()))
    assert placed is not None and not isinstance(placed, list | tuple)
    (marks,) = [each["predicate"]["not_matcher"]["or_matcher"]["predicate"] for each in matchers(placed)]
    assert [each["single_predicate"]["value_match"]["exact"] for each in marks] == ["yes", "304"]
    removed = as_json(placed)["typed_config"]["extension_config"]["typed_config"]["mutations"]["response_mutations"]
    assert [each["remove"] for each in removed] == ["content-type", "x-tulle-untyped"]

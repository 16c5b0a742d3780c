from __future__ import annotations

from google.protobuf import empty_pb2

from tulle.envoy.filters import base
from tulle.envoy.filters.base import Chain, Filter, Phase, Side
from tulle.model.extensions import Direction
from tulle.model.mesh import Settings


def test_a_dormant_filter_is_off_and_an_active_one_is_on() -> None:
    assert base.dormant("x", empty_pb2.Empty()).disabled is True
    assert base.active("x", empty_pb2.Empty()).disabled is False


def test_a_filter_asks_for_nothing_unless_it_says_so() -> None:
    quiet = Filter(name="x", phase=Phase.LIMIT, place=lambda chain: None)
    assert quiet.ask is None


def test_route_rules_decide_everywhere_but_before_the_application() -> None:
    assert [side for side in Side if not side.has_rules] == [Side.INBOUND]


def test_guards_stand_where_requests_of_others_come_in() -> None:
    assert [side for side in Side if side.guards] == [Side.INBOUND, Side.GATEWAY]
    assert {side: side.direction for side in Side} == {
        Side.INBOUND: Direction.SERVER,
        Side.GATEWAY: Direction.SERVER,
        Side.OUTBOUND: Direction.CLIENT,
        Side.CONNECT: Direction.CLIENT,
    }


def test_who_is_asked_is_found_by_a_key() -> None:
    chain = Chain(side=Side.INBOUND, settings=Settings(), clusters=(("a", "b"),))
    assert (chain.cluster("a"), chain.cluster("x")) == ("b", "")


def test_routes_are_lazy_before_calls_of_applications() -> None:
    assert [side for side in Side if side.is_lazy] == [Side.OUTBOUND, Side.CONNECT]

from __future__ import annotations

from dataclasses import replace

from tests.envoy.decoded import as_json
from tests.envoy.kitchen import backend, rule
from tulle.envoy.filters import steps
from tulle.envoy.filters.base import Chain, Side
from tulle.envoy.steps.slots import SLOTS
from tulle.model.listeners import Entrance
from tulle.model.mesh import Settings
from tulle.model.routes import Forward
from tulle.model.steps import (
    AddPrefix,
    LimitBodies,
    LimitConnections,
    LimitInFlight,
    RouteAgain,
    SameClient,
    Step,
)


def wishes(*done: Step) -> dict[str, object]:
    asking = rule("r", Forward(backends=(backend("v1"),)), steps=done)
    return {name: as_json(message) for name, message in steps.wishes(asking).items()}


def test_pairs_sleep_at_entry_points_only() -> None:
    placed = steps.FILTER.place(Chain(side=Side.GATEWAY, settings=Settings(), entrance=Entrance()))
    assert isinstance(placed, tuple)
    assert len(placed) == 2 * SLOTS + 1
    assert all(each.disabled for each in placed)
    assert steps.FILTER.place(Chain(side=Side.GATEWAY, settings=Settings())) is None


def test_a_rule_without_steps_wants_nothing() -> None:
    assert wishes() == {}


def test_steps_wake_the_pairs_that_they_need() -> None:
    found = wishes(AddPrefix(prefix="/a"))
    (work,) = found.values()
    assert isinstance(work, dict)
    assert work["filter_context"].pop("plan")
    assert found == {"steps-1": {"filter_context": {"request": [{"op": "add_prefix", "prefix": "/a", "step": 0}]}}}


def test_requests_with_a_limit_wake_the_buffer() -> None:
    assert wishes(LimitBodies(request=5)) == {"steps-buffer": {"buffer": {"max_request_bytes": 5}}}


def test_all_filters_are_awake_where_the_route_may_change() -> None:
    found = wishes(RouteAgain("api@file"), LimitBodies(request=5))
    pairs = {f"steps-{number}{nature}" for number in range(1, SLOTS + 1) for nature in ("", "-native")}
    assert found.keys() == {*pairs, "steps-buffer"}
    assert "route_again" in str(found["steps-1"])
    assert found["steps-buffer"] == {"buffer": {"max_request_bytes": 5}}
    assert wishes(RouteAgain("api@file"))["steps-buffer"] == {"disabled": True}


def test_what_cannot_be_done_lets_nobody_pass() -> None:
    found = wishes(AddPrefix(prefix="/a"), LimitConnections(amount=1))
    assert list(found) == ["steps-1"]
    assert "LimitConnections" in str(found)


def test_shares_count_what_is_of_all_together_and_their_own_alone() -> None:
    limit = LimitInFlight(amount=1, by=SameClient(is_host=True))
    share = backend("v1", steps=(limit,))
    asking = replace(rule("r|cookie", Forward(backends=(share,)), steps=(limit,)), counted_as="r")
    found = str(steps.wishes(asking, share))
    assert "r/1/" in found
    assert f"r/0@{share.service}/" in found
    assert "cookie" not in found

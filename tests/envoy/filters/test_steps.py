from __future__ import annotations

import pytest

from tests.envoy.decoded import as_json
from tests.envoy.kitchen import rule
from tulle.envoy.filters import steps
from tulle.envoy.filters.base import Chain, Side
from tulle.envoy.steps.slots import SLOTS
from tulle.model.listeners import Entrance
from tulle.model.mesh import Settings
from tulle.model.routes import Respond
from tulle.model.steps import AddPrefix, Compress, ReplacePattern

EDGE = Chain(side=Side.GATEWAY, settings=Settings(), entrance=Entrance())


def test_pairs_sleep_at_entry_points() -> None:
    placed = steps.FILTER.place(EDGE)
    assert isinstance(placed, tuple)
    assert len(placed) == 2 * SLOTS
    assert all(each.disabled for each in placed)
    assert steps.FILTER.place(Chain(side=Side.GATEWAY, settings=Settings())) is None


def test_a_rule_wakes_what_it_needs() -> None:
    asked = steps.FILTER.ask_several
    assert asked is not None
    assert asked(rule("r", Respond(status=200))) == {}
    found = asked(
        rule("r", Respond(status=200), steps=(AddPrefix(prefix="/a"), ReplacePattern(pattern="b", replacement="")))
    )
    assert sorted(found) == ["steps-1", "steps-1-native", "steps-2"]
    assert as_json(found["steps-1"])["filter_context"]["request"][0] == {"op": "add_prefix", "prefix": "/a"}


def test_what_cannot_be_done_is_never_left_out() -> None:
    with pytest.raises(ValueError, match="cannot be done"):
        steps.wishes(rule("r", Respond(status=200), steps=(Compress(),)))

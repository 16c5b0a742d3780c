from __future__ import annotations

from tulle.envoy.filters import on_demand
from tulle.envoy.filters.base import Chain, Side
from tulle.model.mesh import Settings


def test_only_callers_ask_for_routes() -> None:
    placed = {side for side in Side if on_demand.place(Chain(side=side, settings=Settings()))}
    assert placed == {Side.OUTBOUND, Side.CONNECT}

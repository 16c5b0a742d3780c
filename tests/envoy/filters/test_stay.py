from __future__ import annotations

from tests.envoy.decoded import as_json
from tulle.envoy.filters import stay
from tulle.envoy.filters.base import Chain, Side
from tulle.model.listeners import Entrance
from tulle.model.mesh import Settings


def test_it_sleeps_at_entry_points_and_is_nowhere_else() -> None:
    assert stay.FILTER.place(Chain(side=Side.GATEWAY, settings=Settings())) is None
    placed = stay.FILTER.place(Chain(side=Side.GATEWAY, settings=Settings(), entrance=Entrance()))
    assert placed is not None and not isinstance(placed, list | tuple)
    assert placed.disabled
    assert "setUpstreamOverrideHost" in as_json(placed)["typed_config"]["default_source_code"]["inline_string"]

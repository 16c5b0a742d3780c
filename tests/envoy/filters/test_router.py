from __future__ import annotations

from tulle.envoy.filters import router
from tulle.envoy.filters.base import Chain, Side
from tulle.model.mesh import Settings


def test_every_chain_ends_in_a_router() -> None:
    assert all(router.place(Chain(side=side, settings=Settings())) for side in Side)

from __future__ import annotations

from tests.flow.world import World
from tulle.flow.observe import Observer
from tulle.flow.state import ProxyState, State


def test_the_observer_is_what_everybody_looks_at(world: World) -> None:
    state: State = Observer(world.publisher, world.hosts)
    assert state.is_ready


def test_a_proxy_that_was_given_nothing_shows_nothing() -> None:
    state = ProxyState(
        id="web-1", role="sidecar", service="web.default", host="here", is_connected=False, is_synced=False,
        version="", admin="",
    )  # fmt: skip
    assert state.resources == ()

"""What registries answer is in the tests of their sources; here is what goes wrong in between."""

from __future__ import annotations

import pytest

from tests.clients.servers import Handler, web
from tulle.clients import registries
from tulle.clients.endpoints import CannotFetch
from tulle.clients.registries import eureka_applications, marathon, mesos_state
from tulle.model.registries import MarathonSettings


async def test_nobody_is_there() -> None:
    for asking in (mesos_state("http://127.0.0.1:1", 1.0), eureka_applications("http://127.0.0.1:1")):
        with pytest.raises(CannotFetch, match="connection refused"):
            await asking


async def test_events_have_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registries, "_LONGEST_LINE", 10)

    def events(handler: Handler) -> None:
        handler.say(200, b"event: a\n\n" + b"x" * 100)

    with web() as there:
        there.answers["/v2/events"] = events
        async with marathon(MarathonSettings(), there.at("")) as found, found.events() as types:
            assert await anext(types) == "a"
            with pytest.raises(CannotFetch, match="too large"):
                await anext(types)

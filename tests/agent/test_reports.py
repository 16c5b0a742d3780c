from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tulle.agent import reports
from tulle.agent.reports import Reports
from tulle.api.hosts_client import Refused, Unreachable
from tulle.api.hosts_messages import HostReport, Received


class Plane:
    """Takes reports, and loses the stream when it is told so."""

    def __init__(self) -> None:
        self.received: list[str] = []
        self.errors: list[Exception] = []

    # As an enrolment
    async def joined(self) -> None:
        pass

    @property
    def credentials(self) -> Plane:
        return self

    @asynccontextmanager
    async def channel(self, address: str) -> AsyncIterator[Plane]:
        yield self

    # As a client
    async def report(self, told: AsyncIterator[HostReport]) -> AsyncIterator[Received]:
        async for report in told:
            self.received.append(report.message)
            yield Received(count=len(self.received))
            if self.errors:
                raise self.errors.pop()


async def test_every_change_is_reported_and_everything_at_a_new_connection(
    monkeypatch: pytest.MonkeyPatch, tasks: Any, eventually: Any, caplog: pytest.LogCaptureFixture
) -> None:
    plane: Any = Plane()
    monkeypatch.setattr(reports, "HostsClient", lambda channel: channel)
    first = HostReport(host="here", role="host", message="one")
    told = Reports(first)
    tasks(told.run(plane, "127.0.0.1:1"))
    await eventually(lambda: plane.received == ["one"])
    told.set(first)
    plane.errors = [Unreachable("gone"), Refused("who are you?")]
    told.set(HostReport(host="here", role="host", message="two"))
    await eventually(lambda: plane.received == ["one", "two", "two", "two"])
    assert "who are you?" in caplog.text
    told.set(HostReport(host="here", role="host", message="three"))
    await eventually(lambda: plane.received[-1] == "three")
    await asyncio.sleep(0)
    assert plane.received.count("three") == 1

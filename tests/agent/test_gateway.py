from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

import pytest

from tulle.agent.gateway import Gateway
from tulle.agent.proxies import ProxyFailed, ProxyRecord
from tulle.model.names import Name
from tulle.model.workloads import GatewayAssignment

ASSIGNMENT = GatewayAssignment(name=Name("tulle-system", "gateway"), trust_domain="cluster.local", concurrency=2)


@dataclass
class Recorder:
    """Proxies that only note down what they are told."""

    fails: bool = False
    ids: set[str] = field(default_factory=set)
    done: list[object] = field(default_factory=list)

    async def start(self, record: ProxyRecord) -> None:
        self.ids.add(record.id)
        self.done.append(record)
        if self.fails:
            raise ProxyFailed("no configuration")

    async def drain(self, proxy_id: str, deadline: float) -> None:
        self.done.append("drain")

    async def stop(self, proxy_id: str) -> None:
        self.ids.discard(proxy_id)
        self.done.append("stop")


@dataclass
class Consultant:
    """Notes down when it is there."""

    fails: int = 0
    said: list[str] = field(default_factory=list)

    async def run(self) -> None:
        self.said.append("begins")
        if len(self.said) <= self.fails:
            raise OSError("no socket")
        try:
            await asyncio.Event().wait()
        finally:
            self.said.append("ends")


async def test_the_gateway_runs_as_long_as_it_is_assigned(tasks: Any, eventually: Any) -> None:
    proxies: Any = Recorder()
    consultant = Consultant()
    gateway = Gateway("here", proxies, consultant.run)
    tasks(gateway.run())
    gateway.assign(None)
    gateway.assign(ASSIGNMENT)
    await eventually(lambda: proxies.ids == {"gateway-here"})
    await eventually(lambda: consultant.said == ["begins"])
    record = proxies.done[0]
    assert str(record.identity) == "spiffe://cluster.local/ns/tulle-system/sa/gateway"
    assert (record.role, record.service, record.concurrency) == ("gateway", "gateway.tulle-system", 2)
    gateway.assign(None)
    await eventually(lambda: not proxies.ids)
    await eventually(lambda: consultant.said == ["begins", "ends"])
    assert proxies.done[1:] == ["drain", "stop"]
    gateway.assign(None)


async def test_a_gateway_that_does_not_serve_yet_goes_on_trying(
    tasks: Any, eventually: Any, caplog: pytest.LogCaptureFixture
) -> None:
    proxies: Any = Recorder(fails=True)
    gateway = Gateway("here", proxies, Consultant().run)
    tasks(gateway.run())
    gateway.assign(ASSIGNMENT)
    await eventually(lambda: "no configuration" in caplog.text)
    gateway.assign(ASSIGNMENT)
    await eventually(lambda: len(proxies.done) == 2)


async def test_a_gateway_that_was_adopted_is_answered_at_once(
    tasks: Any, eventually: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("tulle.agent.gateway.RETRY", 0.01)
    proxies: Any = Recorder(ids={"gateway-here"})
    consultant = Consultant(fails=1)
    gateway = Gateway("here", proxies, consultant.run)
    tasks(gateway.run())
    await eventually(lambda: consultant.said == ["begins", "begins"])
    assert "passwords are not verified" in caplog.text
    gateway.assign(ASSIGNMENT)
    await eventually(lambda: proxies.done)
    assert consultant.said == ["begins", "begins"]

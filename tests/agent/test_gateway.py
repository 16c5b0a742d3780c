from __future__ import annotations

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


async def test_the_gateway_runs_as_long_as_it_is_assigned(tasks: Any, eventually: Any) -> None:
    proxies: Any = Recorder()
    gateway = Gateway("here", proxies)
    tasks(gateway.run())
    gateway.assign(None)
    gateway.assign(ASSIGNMENT)
    await eventually(lambda: proxies.ids == {"gateway-here"})
    record = proxies.done[0]
    assert str(record.identity) == "spiffe://cluster.local/ns/tulle-system/sa/gateway"
    assert (record.role, record.service, record.concurrency) == ("gateway", "gateway.tulle-system", 2)
    gateway.assign(None)
    await eventually(lambda: not proxies.ids)
    assert proxies.done[1:] == ["drain", "stop"]
    gateway.assign(None)


async def test_a_gateway_that_does_not_serve_yet_goes_on_trying(
    tasks: Any, eventually: Any, caplog: pytest.LogCaptureFixture
) -> None:
    proxies: Any = Recorder(fails=True)
    gateway = Gateway("here", proxies)
    tasks(gateway.run())
    gateway.assign(ASSIGNMENT)
    await eventually(lambda: "no configuration" in caplog.text)
    gateway.assign(ASSIGNMENT)
    await eventually(lambda: len(proxies.done) == 2)

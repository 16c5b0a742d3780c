from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from tulle.agent.proxies import ProxyFailed, ProxyRecord
from tulle.agent.sidecars import EnvoySidecars
from tulle.model.names import Name
from tulle.model.workloads import Assignment, Instance, InstanceState, Probe
from tulle.runtime.sidecars import SidecarFailed

WEB = Name("shop", "web")


@dataclass
class Recorder:
    """Proxies that only note down what they are told."""

    done: list[Any] = field(default_factory=list)
    fails: bool = False

    async def start(self, record: ProxyRecord) -> None:
        self.done.append(record)
        if self.fails:
            raise ProxyFailed("no certificate")

    async def drain(self, proxy_id: str, deadline: float) -> None:
        self.done.append((proxy_id, deadline))

    async def stop(self, proxy_id: str) -> None:
        self.done.append(proxy_id)


def instance(state: InstanceState = InstanceState.STARTING) -> Instance:
    return Instance(id="web-1", workload=WEB, service=WEB, host="here", account="clerk", state=state)


def assignment() -> Assignment:
    return Assignment(
        name=WEB,
        service=WEB,
        version="",
        account="clerk",
        labels=(),
        command="run",
        directory="/",
        environment=(),
        ports=(),
        replicas=1,
        probe=Probe(),
        drain=7.0,
        unix_socket=False,
        forwards=(),
        trust_domain="example.org",
        concurrency=1,
    )


async def test_a_sidecar_has_the_identity_of_its_workload() -> None:
    proxies: Any = Recorder()
    sidecars = EnvoySidecars(proxies)
    await sidecars.start(instance(), assignment())
    await sidecars.start(instance(InstanceState.BACKING_OFF), assignment())
    first, second = proxies.done
    assert first == second, "what changes while it lives is no reason to tell the plane"
    assert (first.id, first.role, first.service) == ("web-1", "sidecar", "web.shop")
    assert str(first.identity) == "spiffe://example.org/ns/shop/sa/clerk"


async def test_a_sidecar_drains_as_long_as_its_workload_may() -> None:
    proxies: Any = Recorder()
    sidecars = EnvoySidecars(proxies)
    await sidecars.start(instance(), assignment())
    await sidecars.drain(instance())
    await sidecars.stop("web-1")
    await sidecars.drain(instance())
    assert proxies.done[1:] == [("web-1", 7.0), "web-1", ("web-1", 5.0)]


async def test_a_failure_says_why() -> None:
    proxies: Any = Recorder(fails=True)
    with pytest.raises(SidecarFailed, match="no certificate"):
        await EnvoySidecars(proxies).start(instance(), assignment())

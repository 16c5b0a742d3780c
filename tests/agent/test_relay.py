from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pytest

from tulle.agent import relay as module
from tulle.agent.last_good import LastGood
from tulle.agent.relay import Relay
from tulle.agent.supply import Supply
from tulle.kit.clock import ManualClock
from tulle.xds.client import Upstream, follow
from tulle.xds.messages import Node
from tulle.xds.replica import Delta, Replica
from tulle.xds.snapshot import LISTENER, framed
from tulle.xds.subscription import Refused


class Follower:
    """An Envoy on the socket."""

    def __init__(self) -> None:
        self.replica = Replica(Node("web-1"), wildcard=(LISTENER,))
        self.reasons: list[str] = []

    def connected(self) -> None:
        pass

    def disconnected(self, reason: str) -> None:
        self.reasons.append(reason)

    def received(self, delta: Delta) -> None:
        self.replica.ack(delta)


async def test_envoys_are_served_on_the_socket(
    good: LastGood, clock: ManualClock, tasks: Any, eventually: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "TICK", 0.01)
    good.keep([framed(LISTENER, "l", b"1")])
    envoy = Follower()
    with tempfile.TemporaryDirectory() as directory:
        relay = Relay(Path(directory) / "relay.sock")
        serving = tasks(relay.run())
        following = tasks(follow(envoy.replica, envoy, Upstream(address=f"unix:{directory}/relay.sock")))
        await eventually(lambda: any("no proxy web-1" in reason for reason in envoy.reasons))
        relay.add("web-1", Supply(Node("web-1"), good, clock))
        await eventually(lambda: "l" in envoy.replica.table(LISTENER))
        following.cancel()
        serving.cancel()


def test_a_proxy_that_was_removed_is_unknown(good: LastGood, clock: ManualClock, played_envoy: Any) -> None:
    relay = Relay(Path("unused"))
    relay.add("web-1", Supply(Node("web-1"), good, clock))
    envoy = played_envoy(relay)
    envoy.ask(LISTENER)
    relay.remove("web-1")
    relay.remove("web-1")
    relay.wanted(envoy.session, LISTENER, frozenset())
    relay.settled(envoy.session)
    relay.closed(envoy.session)
    with pytest.raises(Refused):
        relay.opened(envoy.session)

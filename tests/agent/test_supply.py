"""With a real server as the plane, and an Envoy that is played."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tulle.agent import secrets
from tulle.agent.certificate_files import CertificateFiles
from tulle.agent.last_good import LastGood
from tulle.agent.material import Material
from tulle.agent.relay import Relay
from tulle.agent.supply import Plane, Supply
from tulle.kit.clock import ManualClock
from tulle.xds.client import Upstream
from tulle.xds.messages import Node
from tulle.xds.replica import Delta
from tulle.xds.server import serving
from tulle.xds.snapshot import CLUSTER, LISTENER, SECRET, VIRTUAL_HOST, Snapshot, framed
from tulle.xds.subscription import Session

LISTENERS = {"l": framed(LISTENER, "l", b"listener 1")}


class PlayedPlane:
    """Publishes one snapshot to whoever comes, and notes down what is asked."""

    def __init__(self) -> None:
        self.snapshot = Snapshot({CLUSTER: {}, LISTENER: LISTENERS})
        self.sessions: list[Session] = []
        self.demand: frozenset[str] = frozenset()

    def opened(self, session: Session) -> None:
        self.sessions.append(session)
        session.publish(self.snapshot)

    def closed(self, session: Session) -> None:
        self.sessions.remove(session)

    def wanted(self, session: Session, type_url: str, names: frozenset[str]) -> None:
        if type_url == VIRTUAL_HOST:
            self.demand = names
            hosts = {name: framed(VIRTUAL_HOST, name, b"host") for name in names}
            self.snapshot = Snapshot({**self.snapshot.tables, VIRTUAL_HOST: hosts})
            session.publish(self.snapshot)

    def settled(self, session: Session) -> None:
        pass


@pytest.fixture
def address() -> Iterator[str]:
    with tempfile.TemporaryDirectory() as path:
        yield f"unix:{path}/plane"


def wired(good: LastGood, clock: ManualClock, envoy: Callable[..., Any], **options: Any) -> tuple[Supply, Any]:
    relay = Relay(Path("unused"))
    supply = Supply(Node("web-1"), good, clock, **options)
    relay.add("web-1", supply)
    return supply, envoy(relay)


async def test_what_the_plane_says_reaches_envoy_and_its_answer_the_plane(
    good: LastGood, clock: ManualClock, played_envoy: Any, tasks: Any, eventually: Any, address: str
) -> None:
    supply, envoy = wired(good, clock, played_envoy)
    plane = PlayedPlane()
    envoy.refuses = {"listener 1": "Address already in use"}
    for type_url in (CLUSTER, LISTENER, VIRTUAL_HOST):
        envoy.ask(type_url)
    async with serving(plane, address=address):
        tasks(supply.run(Upstream(address=address)))
        await eventually(lambda: supply.is_connected)
        await eventually(lambda: (envoy.listen(), plane.sessions[0].refused)[1])
        assert "already in use" in plane.sessions[0].refused[LISTENER, "l"].message
        assert supply.refused[LISTENER, "l"]

        envoy.refuses = {}
        supply.tick()
        await eventually(lambda: (envoy.listen(), plane.sessions[0].is_synced and not supply.refused)[1])
        assert envoy.bodies(LISTENER) == {"l": b"listener 1"}
        clock.advance(11)
        supply.tick()

        envoy.ask(VIRTUAL_HOST, "out/web")
        await eventually(lambda: (envoy.listen(), envoy.bodies(VIRTUAL_HOST))[1])
        assert plane.demand == {"out/web"}
    await eventually(lambda: not supply.is_connected)
    assert supply.complaint


async def test_a_new_agent_says_what_envoy_has_and_what_was_asked_for(
    good: LastGood, clock: ManualClock, played_envoy: Any, tasks: Any, eventually: Any, address: str
) -> None:
    good.keep(LISTENERS.values())
    good.ask(["out/web"])
    supply, envoy = wired(good, clock, played_envoy)
    envoy.has = {LISTENER: dict(LISTENERS)}
    envoy.resume(LISTENER)
    plane = PlayedPlane()
    supply.describe(Node("web-1", metadata={"role": "sidecar"}))
    async with serving(plane, address=address):
        tasks(supply.run(Upstream(address=address)))
        await eventually(lambda: plane.demand == {"out/web"} and LISTENER in plane.sessions[0].accepted)
        assert plane.sessions[0].accepted[LISTENER] == {"l": LISTENERS["l"].version}
        assert plane.sessions[0].metadata == {"role": "sidecar"}
        assert envoy.listen() == []


def test_who_asks_while_the_plane_is_away_waits_two_seconds(
    good: LastGood, clock: ManualClock, played_envoy: Any
) -> None:
    supply, envoy = wired(good, clock, played_envoy)
    envoy.ask(VIRTUAL_HOST, "out")
    envoy.ask(VIRTUAL_HOST, "out/web")
    clock.advance(1.9)
    supply.tick()
    assert envoy.listen() == []
    clock.advance(0.1)
    supply.tick()
    envoy.listen()
    assert b"the control plane is away" in envoy.bodies(VIRTUAL_HOST)["out/web"]


def test_who_asks_a_plane_that_says_nothing_waits_longer(good: LastGood, clock: ManualClock, played_envoy: Any) -> None:
    supply, envoy = wired(good, clock, played_envoy)
    supply.connected()
    envoy.ask(VIRTUAL_HOST, "out/web")
    clock.advance(9.9)
    supply.tick()
    assert envoy.listen() == []
    clock.advance(0.1)
    supply.tick()
    envoy.listen()
    assert b"did not say in time" in envoy.bodies(VIRTUAL_HOST)["out/web"]


def test_a_gateway_is_served_its_own_keys_and_certificates_from_files(
    good: LastGood, clock: ManualClock, played_envoy: Any, issue: Callable[..., Material], tmp_path: Path
) -> None:
    files = CertificateFiles(clock, lambda: supply.files_changed())
    supply, envoy = wired(good, clock, played_envoy, files=files)
    material = issue()
    (tmp_path / "ca.pem").write_bytes(material.trust)
    supply.keys(material)
    name = f"{secrets.CLIENT_AUTHORITY}|{tmp_path / 'ca.pem'}"
    envoy.ask(SECRET, "workload", "trust", name)
    envoy.listen()
    assert material.chain in envoy.bodies(SECRET)["workload"]
    assert material.trust in envoy.bodies(SECRET)["trust"]
    assert material.trust in envoy.bodies(SECRET)[name]


def test_a_stream_that_was_replaced_is_not_listened_to(good: LastGood, clock: ManualClock, played_envoy: Any) -> None:
    relay = Relay(Path("unused"))
    supply = Supply(Node("web-1"), good, clock)
    relay.add("web-1", supply)
    old, new = played_envoy(relay), played_envoy(relay)
    old.ask(VIRTUAL_HOST, "out")
    new.ask(VIRTUAL_HOST, "out")
    old.ask(VIRTUAL_HOST, "out/web")
    supply.settled(old.session)
    assert supply.feed.demand == set()
    supply.closed(old.session)
    assert supply.feed.session is new.session
    supply.close()


def test_the_plane_is_called_with_the_newest_certificate(issue: Callable[..., Material]) -> None:
    asked: list[Material] = []

    def newest() -> Material:
        asked.append(issue())
        return asked[-1]

    upstream = Plane(address="127.0.0.1:1").upstream(newest)
    assert upstream.credentials() is not None
    assert upstream.credentials() is not None
    assert len(asked) == 2
    assert (upstream.address, upstream.server_name) == ("127.0.0.1:1", "plane.tulle-system")


@pytest.mark.parametrize("kind", [LISTENER, CLUSTER])
def test_nobody_complains_about_certificate_files_of_what_is_gone(
    kind: str, good: LastGood, clock: ManualClock, played_envoy: Any, sent: Callable[..., Delta], tmp_path: Path
) -> None:
    files = CertificateFiles(clock, lambda: supply.files_changed())
    supply, envoy = wired(good, clock, played_envoy, files=files)
    secret = f"client-ca|{tmp_path}/missing.pem"
    supply.received(sent(kind, framed(kind, "secure", secret.encode())))
    envoy.ask(SECRET, secret)
    assert len(files.complaints) == 1

    supply.received(sent(kind, removed=("secure",)))
    assert not files.complaints

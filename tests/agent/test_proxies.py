"""On the real Envoy, with a plane that is away: everything comes from the disk."""

from __future__ import annotations

import asyncio
import json
import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest
from envoy.config.listener.v3.listener_pb2 import Listener

from tulle.agent import proxies as module
from tulle.agent.certificates import SigningFailed
from tulle.agent.last_good import LastGood
from tulle.agent.material import Material
from tulle.agent.proxies import Proxies, Proxy, ProxyFailed, ProxyRecord, Surroundings
from tulle.agent.relay import Relay
from tulle.agent.supply import Plane
from tulle.kit.clock import SystemClock
from tulle.kit.home import Home
from tulle.model.names import Name
from tulle.model.security import Identity
from tulle.model.workloads import Instance, InstanceState
from tulle.xds.snapshot import encode

WEB = Identity("cluster.local", "default", "web")
NAME = Name("default", "web")
INSTANCE = Instance(id="web-1", workload=NAME, service=NAME, host="here", account="web", state=InstanceState.READY)
RECORD = ProxyRecord(
    id="web-1", role="sidecar", host="here", service="web.default", identity=WEB, concurrency=1, instance=INSTANCE
)


class Signer:
    """An authority that signs, or not."""

    is_away = False

    def __init__(self, issue: Callable[..., Material]) -> None:
        self._issue = issue

    async def __call__(self, identity: Identity) -> Material:
        if self.is_away:
            raise SigningFailed("nobody answers")
        return self._issue(3600.0, identity)


@pytest.fixture
def home() -> Iterator[Home]:
    with tempfile.TemporaryDirectory() as path:
        home = Home(Path(path))
        home.create()
        yield home


@pytest.fixture
def signer(issue: Callable[..., Material]) -> Signer:
    return Signer(issue)


@pytest.fixture
def around(home: Home, signer: Signer) -> Surroundings:
    relay = Relay(home.sockets / "relay.sock")
    plane = Plane(address="127.0.0.1:1")
    return Surroundings(home=home, relay=relay, plane=plane, sign=signer, clock=SystemClock(), changed=lambda: None)


def accept(around: Surroundings, proxy_id: str = "web-1") -> None:
    """As if Envoy had accepted a listener once."""
    listener = Listener(name="l")
    listener.address.socket_address.address = "127.0.0.1"
    listener.address.socket_address.port_value = 0
    listener.filter_chains.add().filters.add(
        name="envoy.filters.network.echo"
    ).typed_config.type_url = "type.googleapis.com/envoy.extensions.filters.network.echo.v3.Echo"
    good = LastGood(around.directory(proxy_id) / "last-good.db")
    good.keep([encode("l", listener)])
    good.close()


def pid(around: Surroundings) -> int:
    return int((around.directory("web-1") / "process").read_text().partition("@")[0])


async def test_a_proxy_is_started_described_adopted_and_ended(
    around: Surroundings, tasks: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    accept(around)
    serving = tasks(around.relay.run())
    first = Proxies(around)
    running = tasks(first.run())
    await asyncio.sleep(0)
    await first.start(RECORD)
    assert first.ids == {"web-1"}
    before = pid(around)
    assert (around.directory("web-1") / "identity.pem").stat().st_mode & 0o777 == 0o600

    other = replace(RECORD, concurrency=2, instance=replace(INSTANCE, outbound="127.0.0.1:9"))
    await first.start(other)
    assert pid(around) == before, "a new description needs no new Envoy"
    running.cancel()
    await asyncio.wait((running,))

    second = Proxies(around)
    second.adopt()
    running = tasks(second.run())
    await asyncio.sleep(0)
    await second.start(other)
    assert pid(around) == before, "adopted"

    # Another identity needs another Envoy, which is to know nothing of what the old one had.
    monkeypatch.setattr(module, "START_DEADLINE", 1.0)
    with pytest.raises(ProxyFailed, match="did not serve within 1 s"):
        await second.start(replace(other, identity=Identity("other.domain", "default", "web")))
    assert pid(around) != before
    await second.drain("web-1", 3.0)
    await second.stop("web-1")
    await second.stop("web-1")
    await second.drain("web-1", 3.0)
    assert second.ids == frozenset()
    assert not around.directory("web-1").exists()
    running.cancel()
    serving.cancel()


async def test_a_proxy_that_does_not_serve_says_why(
    around: Surroundings, signer: Signer, tasks: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "START_DEADLINE", 1.0)
    signer.is_away = True
    serving = tasks(around.relay.run())
    proxies = Proxies(around)
    running = tasks(proxies.run())
    await asyncio.sleep(0)
    with pytest.raises(ProxyFailed, match=r"no certificate for .*nobody answers"):
        await proxies.start(RECORD)
    assert "nobody answers" in proxies.complaints[0]
    process = psutil.Process(pid(around))
    await proxies.stop("web-1")
    assert not process.is_running()
    running.cancel()
    serving.cancel()


async def test_what_cannot_be_read_is_not_adopted(around: Surroundings, caplog: pytest.LogCaptureFixture) -> None:
    around.directory("odd").mkdir(parents=True)
    (around.directory("odd") / "record.json").write_text("{}")
    proxies = Proxies(around)
    proxies.adopt()
    assert proxies.ids == frozenset()
    assert "odd cannot be adopted" in caplog.text


async def test_a_bug_in_the_care_of_one_proxy_does_not_end_the_others(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tulle.agent.proxies.asyncio.sleep", lambda delay: _nothing())
    tries: list[int] = []

    async def run() -> None:
        tries.append(1)
        if len(tries) == 1:
            raise RuntimeError("a bug")

    await module._again("web-1", run)
    assert len(tries) == 2
    assert "a bug" in caplog.text


async def _nothing() -> None:
    pass


def test_a_full_disk_costs_the_adoption_and_not_the_service(
    around: Surroundings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(path: Path, data: bytes, *, durable: bool) -> None:
        raise OSError(28, "No space left on device")

    proxy = module.Proxy(RECORD, around)
    monkeypatch.setattr(module, "write_atomically", full)
    proxy.save()
    assert "could not be noted down" in caplog.text
    proxy.supply.close()


def test_sockets_have_short_names(around: Surroundings) -> None:
    socket = around.admin_socket("a-service-with-quite-a-long-name-in-a-namespace-abcdef")
    assert len(socket.name) <= 20
    assert len(os.fsencode(socket)) < 107
    assert json.dumps(str(socket))


async def test_a_sidecar_has_what_it_needs_for_tls_to_servers_outside(around: Surroundings, tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_bytes((await around.sign(WEB)).trust)
    proxy = Proxy(RECORD, around)
    proxy.files.want(frozenset({f"client-ca|{tmp_path / 'ca.pem'}"}))
    assert len(proxy.files.table) == 1
    assert proxy.complaints == ()
    proxy.supply.close()

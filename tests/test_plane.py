from __future__ import annotations

import asyncio
import http.client
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.clients.servers import web
from tulle.api.hosts_client import join
from tulle.api.hosts_messages import HostReport
from tulle.flow.hosts import Hosts
from tulle.flow.publish import Publisher
from tulle.identity.tokens import Tokens
from tulle.kit.home import Home
from tulle.model.names import Name
from tulle.model.workloads import Instance, InstanceState
from tulle.plane import JOIN_SOCKET, JOIN_TOKEN, PlaneSettings, Registry, run


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[PlaneSettings]:
    (tmp_path / "tulle.yaml").write_text("services: {web: {port: 8000, command: serve}}")
    home = Home(tmp_path / "home")
    yield PlaneSettings(
        home=home,
        files=(tmp_path / "tulle.yaml",),
        xds_address="127.0.0.1:0",
        api_address="127.0.0.1:0",
    )
    shutil.rmtree(home.sockets, ignore_errors=True)  # it may be outside of the home, for the sake of a short path


async def until(condition: Path) -> None:
    async with asyncio.timeout(20):
        while not condition.exists():
            await asyncio.sleep(0.01)


async def test_it_lets_hosts_join_and_ends_with_its_lifeline(settings: PlaneSettings) -> None:
    home = settings.home
    lifeline, held = os.pipe()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(run(replace(settings, lifeline=lifeline)))
        await until(home.plane / JOIN_TOKEN)
        token = (home.plane / JOIN_TOKEN).read_text()
        credentials, trust_domain = await join(f"unix:{home.sockets / JOIN_SOCKET}", token, "here")
        assert trust_domain == "cluster.local"
        assert credentials.key
        os.close(held)
    os.close(lifeline)
    assert [file.name for file in home.plane.glob("store.db*")] == ["store.db"], "the store was closed"


async def test_a_restart_goes_on_with_the_join_token_of_this_home(settings: PlaneSettings) -> None:
    home, seen = settings.home, set()
    for _ in range(2):
        lifeline, held = os.pipe()
        (home.plane / "token").unlink(missing_ok=True)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(run(replace(settings, lifeline=lifeline)))
            await until(home.plane / "token")  # Written last, by the API.
            seen.add((home.plane / JOIN_TOKEN).read_text())
            os.close(held)
        os.close(lifeline)
    assert len(seen) == 1
    assert len(Tokens(home.plane / "tokens.json", "").grants()) == 1


def test_a_host_gets_no_identity_by_reporting_that_it_runs_it(tmp_path: Path) -> None:
    hosts = Hosts(tmp_path / "hosts.json", lambda: publisher.hosts_changed())
    publisher = Publisher(hosts)
    registry = Registry(publisher, hosts)
    orders = Name("default", "orders")
    claim = Instance(
        id="orders-1", workload=orders, service=orders, host="here", account="orders", state=InstanceState.READY
    )
    registry.connected("here", "host")
    registry.reported(HostReport(host="here", role="host", instances=(claim,), message="hello"))
    assert not registry.may_sign("here", "default", "orders")
    assert (hosts.instances, hosts.all[0].message) == ((), "hello")


async def test_a_taken_address_is_said_at_once(settings: PlaneSettings) -> None:
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        with pytest.raises(BaseExceptionGroup) as caught:
            await run(replace(settings, xds_address=f"127.0.0.1:{port}"))
    assert "in use" in str(caught.value.exceptions[0]) or str(port) in str(caught.value.exceptions[0])


async def test_the_api_shows_what_the_files_say(settings: PlaneSettings, unused_tcp_port: int) -> None:
    lifeline, held = os.pipe()
    address = f"127.0.0.1:{unused_tcp_port}"
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(run(replace(settings, lifeline=lifeline, api_address=address)))
        await until(settings.home.plane / "token")
        token = (settings.home.plane / "token").read_text().strip()
        status = await asyncio.to_thread(_status, address, token)
        assert [each["name"] for each in status["services"]] == ["web"]
        assert status["ready"] is False
        os.close(held)
    os.close(lifeline)


def _status(address: str, token: str) -> Any:
    connection = http.client.HTTPConnection(address, timeout=20)
    connection.request("GET", "/v1/status", headers={"authorization": f"Bearer {token}"})
    found = json.loads(connection.getresponse().read())
    connection.close()
    return found


async def test_keys_that_an_issuer_publishes_are_kept_over_a_restart(
    settings: PlaneSettings, unused_tcp_port: int
) -> None:
    kept = settings.home.plane / "keys.json"
    with web() as issuer:
        issuer.answers["/keys"] = b'{"keys": [{"kty": "oct", "k": "AQ", "kid": "mine"}]}'
        tokens = f"tokens: {{t: {{issuer: me, jwks_uri: '{issuer.at('/keys')}'}}}}"
        settings.files[0].write_text(f"workloads: {{web: {{command: x}}}}\n---\n{tokens}")
        lifeline, held = os.pipe()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(run(replace(settings, lifeline=lifeline)))
            await until(kept)
            os.close(held)
        os.close(lifeline)
        address = issuer.at("/keys")
    assert "mine" in kept.read_text()
    lifeline, held = os.pipe()
    (settings.home.plane / "token").unlink()
    api = f"127.0.0.1:{unused_tcp_port}"
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(run(replace(settings, lifeline=lifeline, api_address=api)))
        await until(settings.home.plane / "token")
        token = (settings.home.plane / "token").read_text().strip()
        found: list[str] = []
        while not found:
            found = [each["message"] for each in (await asyncio.to_thread(_status, api, token))["findings"]]
        os.close(held)
    os.close(lifeline)
    assert f"cannot be fetched from {address}: connection refused; the last known keys" in found[0]


async def _first_status(settings: PlaneSettings, port: int) -> Any:
    """Run a control plane until its API answers; what it says."""
    (settings.home.plane / "token").unlink(missing_ok=True)
    lifeline, held = os.pipe()
    address = f"127.0.0.1:{port}"
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(run(replace(settings, lifeline=lifeline, api_address=address)))
        await until(settings.home.plane / "token")
        token = (settings.home.plane / "token").read_text().strip()
        status = await asyncio.to_thread(_status, address, token)
        os.close(held)
    os.close(lifeline)
    return status


async def test_what_was_good_counts_after_a_restart_with_a_broken_file(
    settings: PlaneSettings, unused_tcp_port: int
) -> None:
    await _first_status(settings, unused_tcp_port)
    for text, words in (
        ("services: {web: {port: 8000, comand: serve}}", "its last good version still counts"),
        ("services: {web: ", "what it last said still counts"),
    ):
        settings.files[0].write_text(text)
        status = await _first_status(settings, unused_tcp_port)
        assert [each["name"] for each in status["services"]] == ["web"]
        assert words in status["findings"][0]["message"]


async def test_it_serves_where_no_last_good_versions_can_be_kept(
    settings: PlaneSettings, unused_tcp_port: int, caplog: pytest.LogCaptureFixture
) -> None:
    (settings.home.plane / "last-good.db").mkdir(parents=True)
    status = await _first_status(settings, unused_tcp_port)
    assert [each["name"] for each in status["services"]] == ["web"]
    assert "could not be saved" in caplog.text


async def test_documents_that_it_fails_at_keep_the_last_good_state(
    settings: PlaneSettings, unused_tcp_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    lifeline, held = os.pipe()
    address = f"127.0.0.1:{unused_tcp_port}"
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(run(replace(settings, lifeline=lifeline, api_address=address)))
        await until(settings.home.plane / "token")
        token = (settings.home.plane / "token").read_text().strip()
        with monkeypatch.context() as patched:
            patched.setattr("tulle.flow.publish.changed_services", _fail)
            settings.files[0].write_text("services: {web: {port: 8000, command: other}}")
            await _until_said(address, token, "mistake of tulle: RuntimeError")
        settings.files[0].write_text("services: {api: {port: 8000, command: serve}}")
        async with asyncio.timeout(20):
            while [each["name"] for each in (await asyncio.to_thread(_status, address, token))["services"]] != ["api"]:
                await asyncio.sleep(0.05)
        assert "mistake" not in str(await asyncio.to_thread(_status, address, token))
        os.close(held)
    os.close(lifeline)


async def test_nobody_is_served_before_there_is_anything_good(
    settings: PlaneSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    lifeline, held = os.pipe()
    async with asyncio.TaskGroup() as tasks:
        with monkeypatch.context() as patched:
            failed = asyncio.Event()

            def fail(*_: object) -> None:
                asyncio.get_running_loop().call_soon(failed.set)
                raise RuntimeError("broken")

            patched.setattr("tulle.flow.publish.changed_services", fail)
            tasks.create_task(run(replace(settings, lifeline=lifeline)))
            async with asyncio.timeout(20):
                await failed.wait()
            assert not (settings.home.plane / JOIN_TOKEN).exists()
        settings.files[0].write_text("services: {api: {port: 8000, command: serve}}")
        await until(settings.home.plane / "token")
        os.close(held)
    os.close(lifeline)


async def test_it_ends_although_there_was_never_anything_good(
    settings: PlaneSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    has_failed = asyncio.Event()

    def fail(*_: object) -> None:
        loop.call_soon_threadsafe(has_failed.set)
        raise ValueError

    loop = asyncio.get_running_loop()
    monkeypatch.setattr("tulle.flow.build.Builder.build", fail)
    lifeline, held = os.pipe()
    async with asyncio.timeout(20), asyncio.TaskGroup() as tasks:
        tasks.create_task(run(replace(settings, lifeline=lifeline)))
        await has_failed.wait()
        os.close(held)
    os.close(lifeline)
    assert not (settings.home.plane / JOIN_TOKEN).exists()


def _fail(*_: object) -> None:
    raise RuntimeError("broken")


async def _until_said(address: str, token: str, text: str) -> None:
    async with asyncio.timeout(20):
        while text not in str((await asyncio.to_thread(_status, address, token))["findings"]):
            await asyncio.sleep(0.05)

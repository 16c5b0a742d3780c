from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest

from tulle.kit import output
from tulle.model.names import Name
from tulle.model.services import Port, Protocol
from tulle.model.workloads import Assignment, Forward, InstanceState, Probe
from tulle.runtime import life

Assign = Callable[..., Assignment]
Running = Callable[..., AbstractAsyncContextManager[Any]]

FAST = Probe(path="/", interval=0.02, timeout=0.2, deadline=1.0)


@pytest.fixture
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Checks of ready instances as often as tests need them."""
    monkeypatch.setattr(life, "CHECK_READY", 0.05)
    monkeypatch.setattr(life, "CHECK_FAILING", 0.05)


@pytest.mark.usefixtures("often")
async def test_hanging_instance_is_taken_out_and_returns(running: Running, assignment: Assign) -> None:
    async with running() as world:
        world.supervisor.assign((assignment(probe=Probe(path="/", timeout=0.2, interval=0.02)),))
        (instance,) = await world.ready()
        os.kill(world.pid(instance), signal.SIGSTOP)
        (now,) = await world.until(lambda all_: all_[0].state is InstanceState.UNHEALTHY)
        assert now.message.startswith("no longer answers its probe: port http (")
        os.kill(world.pid(instance), signal.SIGCONT)
        assert await world.ready() == (instance,)


@pytest.mark.usefixtures("often")
async def test_instance_that_hangs_for_good_is_started_anew(running: Running, assignment: Assign) -> None:
    async with running() as world:
        world.supervisor.assign((assignment(probe=FAST, drain=0.1),))
        (instance,) = await world.ready()
        os.kill(world.pid(instance), signal.SIGSTOP)
        (now,) = await world.until(lambda all_: all_[0].restarts == 1)
        assert now.message.startswith("was not healthy within 1 s: port http (")
        await world.ready()


async def test_children_of_a_dead_shell_do_not_keep_its_ports(running: Running, assignment: Assign) -> None:
    command = str(assignment().command).removeprefix("exec ") + "; true"
    async with running() as world:
        world.supervisor.assign((assignment(command=command),))
        (instance,) = await world.ready()
        os.kill(world.pid(instance), signal.SIGKILL)
        await world.until(lambda all_: all_[0].restarts == 1)
        assert [i.id for i in await world.ready()] == [instance.id]


async def test_port_that_was_lost_to_a_stranger_is_given_up(running: Running, assignment: Assign) -> None:
    async with running() as world:
        world.supervisor.assign((assignment(),))
        (instance,) = await world.ready()
        host, _, port = instance.bindings[0].application.rpartition(":")
        os.kill(world.pid(instance), signal.SIGSTOP)
        os.kill(world.pid(instance), signal.SIGKILL)
        with contextlib.closing(socket.socket()) as stranger:
            stranger.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            stranger.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            async with asyncio.timeout(10):
                while True:
                    with contextlib.suppress(OSError):
                        stranger.bind((host, int(port)))
                        break
                    await asyncio.sleep(0)
            stranger.listen()
            await world.until(lambda all_: any("is used by another program" in i.message for i in all_))
            now = await world.until(lambda all_: len(all_) == 1 and all_[0].id != instance.id)
            assert now[0].bindings[0].application != instance.bindings[0].application
            await world.ready()


async def test_unix_socket_is_made_anew_by_each_start(running: Running, assignment: Assign, tmp_path: Path) -> None:
    server = tmp_path / "server.py"
    server.write_text(
        "import os, socketserver\n"
        "class Handler(socketserver.StreamRequestHandler):\n"
        "    def handle(self): self.wfile.write(b'hello')\n"
        "socketserver.UnixStreamServer(os.environ['SOCKET'], Handler).serve_forever()\n"
    )
    async with running() as world:
        world.supervisor.assign((assignment(command=(sys.executable, str(server)), unix_socket=True),))
        (instance,) = await world.ready()
        path = instance.bindings[0].application
        os.kill(world.pid(instance), signal.SIGKILL)
        await world.until(lambda all_: all_[0].restarts == 1)
        (instance,) = await world.ready()
        reader, writer = await asyncio.open_unix_connection(path)
        assert await reader.read() == b"hello"
        writer.close()
    assert not Path(path).exists()


async def test_udp_service_binds_its_port_itself(running: Running, assignment: Assign, tmp_path: Path) -> None:
    server = tmp_path / "server.py"
    server.write_text(
        "import os, socketserver\n"
        "class Handler(socketserver.DatagramRequestHandler):\n"
        "    def handle(self): self.wfile.write(b'hello')\n"
        "socketserver.UDPServer((os.environ['HOST'], int(os.environ['PORT'])), Handler).serve_forever()\n"
    )
    port = Port(name="dns", number=53, protocol=Protocol.UDP)
    async with running() as world:
        world.supervisor.assign((assignment(command=(sys.executable, str(server)), ports=(port,)),))
        (instance,) = await world.ready()
        binding = instance.bindings[0]
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.settimeout(5)
            client.sendto(b"?", (binding.address, binding.port))
            assert await asyncio.to_thread(client.recv, 100) == b"hello"


async def test_worker_without_ports_is_ready_when_it_runs(running: Running, assignment: Assign) -> None:
    database = Forward(service=Name("default", "db"), port=5432, protocol=Protocol.TCP)
    worker = assignment(command="echo $TULLE_DB_ADDR; exec sleep 60", ports=(), forwards=(database,))
    async with running() as world:
        world.supervisor.assign((worker,))
        (instance,) = await world.ready()
        async with asyncio.timeout(10):
            while not world.log(instance):
                await asyncio.sleep(0.01)
        assert world.log(instance).strip() == instance.forwards[0].address


@pytest.mark.usefixtures("often")
async def test_log_is_bounded_while_it_is_written(
    running: Running, assignment: Assign, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(output, "LIMIT", 1_000)
    monkeypatch.setattr(output.keep_bounded, "__defaults__", (1_000,))
    chatty = assignment(command="while :; do echo chatter chatter chatter; sleep 0.01; done", ports=())
    async with running() as world:
        world.supervisor.assign((chatty,))
        (instance,) = await world.ready()
        path = world.home.logs / f"{instance.id}.log.1"
        async with asyncio.timeout(10):
            while not path.exists():
                await asyncio.sleep(0.01)
        assert path.read_text().startswith("chatter")
        assert world.supervisor.instances() == (instance,)


async def test_lost_logs_do_not_keep_an_instance_from_running(running: Running, assignment: Assign) -> None:
    async with running() as world:
        world.home.logs.rename(world.home.root / "elsewhere")
        world.supervisor.assign((assignment(),))
        await world.ready()
        (world.home.root / "elsewhere").rename(world.home.logs)


async def test_probe_and_drain_change_in_place(running: Running, assignment: Assign) -> None:
    async with running() as world:
        world.supervisor.assign((assignment(drain=60.0),))
        before = await world.ready()
        world.supervisor.assign((assignment(drain=0.5, probe=FAST),))
        assert await world.ready() == before
        record = world.supervisor._lives[before[0].id].record
        assert (record.assignment.drain, record.assignment.probe) == (0.5, FAST)


async def test_delays_between_starts_grow(running: Running, assignment: Assign) -> None:
    async with running() as world:
        world.supervisor.assign((assignment(command="exit 1"),))
        await world.until(lambda all_: bool(all_) and all_[0].restarts == 4)
        states = [report[0].state for report in world.reports if report]
        assert InstanceState.READY not in states
        assert {InstanceState.STARTING, InstanceState.BACKING_OFF} == set(states)

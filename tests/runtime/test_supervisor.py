from __future__ import annotations

import asyncio
import contextlib
import os
import random
import re
import signal
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tulle.kit.home import Home
from tulle.kit.ports import NoPortFree, Ports
from tulle.model.workloads import Assignment, Instance, InstanceState, Probe
from tulle.runtime import placement, supervisor
from tulle.runtime.environment import environment

if TYPE_CHECKING:
    Assign = Callable[..., Assignment]
    Running = Callable[..., AbstractAsyncContextManager[Any]]


async def get(instance: Any) -> str:
    """The answer of an application, asked without its sidecar."""
    host, _, port = instance.bindings[0].application.rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(b"GET / HTTP/1.0\r\n\r\n")
    answer = await reader.read()
    writer.close()
    return answer.decode().partition("\r\n\r\n")[2]


async def test_instance_becomes_ready_and_leaves_nothing_behind(
    running: Running, assignment: Assign, home: Home
) -> None:
    async with running() as world:
        world.supervisor.assign((assignment(environment=(("ANSWER", "mauve"),)),))
        (instance,) = await world.ready()
        assert await get(instance) == "mauve"
        pid = world.pid(instance)
    assert not os.path.exists(f"/proc/{pid}")
    assert world.supervisor.instances() == () and world.reports[-1] == ()
    assert world.sidecars.running == set()
    assert (home.agent / "instances.json").read_text() == "[]"


async def test_scaling_by_editing_replicas(running: Running, assignment: Assign) -> None:
    async with running() as world:
        world.supervisor.assign((assignment(replicas=1),))
        (first,) = await world.ready(1)
        world.supervisor.assign((assignment(replicas=5),))
        await world.ready(5)
        world.supervisor.assign((assignment(replicas=2),))
        assert first in await world.ready(2)
        world.supervisor.assign(())
        await world.until(lambda instances: instances == ())


async def test_changed_command_is_rolled_out_without_a_gap(running: Running, assignment: Assign) -> None:
    async with running() as world:
        world.supervisor.assign((assignment(replicas=2, environment=(("ANSWER", "old"),)),))
        before = {instance.id for instance in await world.ready(2)}
        world.reports.clear()
        world.supervisor.assign((assignment(replicas=2, environment=(("ANSWER", "new"),)),))
        after = await world.until(
            lambda now: len(now) == 2 and all(i.state == "ready" and i.id not in before for i in now)
        )
        assert [await get(instance) for instance in after] == ["new", "new"]
        assert min(sum(i.state is InstanceState.READY for i in report) for report in world.reports) == 2


async def test_version_that_never_becomes_ready_leaves_the_old_one_serving(
    running: Running, assignment: Assign
) -> None:
    async with running() as world:
        world.supervisor.assign((assignment(),))
        (old,) = await world.ready()
        world.supervisor.assign((assignment(command="echo 'no database' >&2; exit 7"),))
        now = await world.until(lambda all_: any("no database" in i.message and i.restarts >= 2 for i in all_))
        assert next(i for i in now if i.id == old.id).state is InstanceState.READY
        assert [i.message for i in now if i.id != old.id] == ["ended with exit status 7; its last output: no database"]
        world.supervisor.assign((assignment(),))
        assert await world.ready() == (old,)


async def test_killed_application_returns_with_its_id_and_ports(running: Running, assignment: Assign) -> None:
    async with running() as world:
        world.supervisor.assign((assignment(),))
        (before,) = await world.ready()
        world.reports.clear()
        os.kill(world.pid(before), signal.SIGKILL)
        await world.until(lambda now: now[0].state is not InstanceState.READY)
        (after,) = await world.ready()
        assert after == replace(before, restarts=1)
        assert world.reports[0][0].state is InstanceState.BACKING_OFF
        assert "signal 9 (Killed)" in world.reports[0][0].message


async def test_successor_adopts_what_runs(running: Running, assignment: Assign, home: Home) -> None:
    async with running(stop=False) as world:
        world.supervisor.assign((assignment(replicas=2),))
        before = await world.ready(2)
        pids = [world.pid(instance) for instance in before]
    os.kill(pids[1], signal.SIGKILL)
    await ended({pids[1]})
    async with running() as successor:
        assert successor.supervisor.instances() == ()
        await successor.until(lambda now: len(now) == 2)
        assert successor.supervisor.instances()[0] == before[0]
        after = await successor.ready(2)
        assert [i.id for i in after] == [i.id for i in before]
        assert successor.pid(after[0]) == pids[0] and successor.pid(after[1]) != pids[1]
        successor.supervisor.assign((assignment(replicas=1),))
        assert await successor.ready(1) == (before[0],)


async def test_order_of_leaving(running: Running, assignment: Assign) -> None:
    async with running() as world:
        world.supervisor.assign((assignment(),))
        (instance,) = await world.ready()
        pid = world.pid(instance)
        world.sidecars.drained.clear()
        world.supervisor.assign(())
        await world.until(lambda now: now[0].state is InstanceState.DRAINING)
        await world.sidecars.happened("drain", instance.id)
        assert os.path.exists(f"/proc/{pid}")
        world.sidecars.drained.set()
        await world.until(lambda now: now == ())
        assert world.sidecars.events[-1] == ("stop", instance.id)


async def test_never_ready_is_reported_and_tried_again(running: Running, assignment: Assign) -> None:
    hopeless = assignment(
        command="echo waiting for nothing; exec sleep 60", probe=Probe(interval=0.05, deadline=0.3), drain=0.2
    )
    async with running() as world:
        world.supervisor.assign((hopeless,))
        (instance,) = await world.until(lambda now: bool(now) and now[0].restarts == 1)
        assert instance.message.startswith("was not ready within 0.3 s: nothing listens on port http (")
        assert instance.message.endswith("its last output: waiting for nothing")
        await world.until(lambda now: now[0].restarts == 2)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"command": ("no-such-program",)}, 'the program "no-such-program" was not found'),
        ({"directory": "/no/such/place"}, "the directory /no/such/place does not exist"),
        ({"command": ("/etc/passwd",)}, 'the program "/etc/passwd" may not be executed'),
    ],
)
async def test_what_cannot_be_started_harms_nobody_else(
    running: Running, assignment: Assign, changes: dict[str, Any], message: str
) -> None:
    async with running() as world:
        world.supervisor.assign((assignment(), assignment("broken", **changes)))
        now = await world.until(
            lambda all_: {i.state for i in all_} == {InstanceState.READY, InstanceState.BACKING_OFF}
        )
        assert message in next(i.message for i in now if i.workload.name == "broken")


async def test_stop_is_over_at_its_deadline(running: Running, assignment: Assign) -> None:
    stubborn = assignment(command="trap '' TERM; while :; do sleep 0.1; done", ports=(), drain=60.0)
    async with running() as world:
        world.supervisor.assign((stubborn,))
        (instance,) = await world.ready()
        pid = world.pid(instance)
        world.supervisor.assign(())
        await world.sidecars.happened("drain", instance.id)
        async with asyncio.timeout(5):
            await world.supervisor.stop_all(0.5)
    assert not os.path.exists(f"/proc/{pid}")
    assert world.supervisor.instances() == ()


@pytest.mark.parametrize("is_dead", [False, True])
async def test_leaving_goes_on_after_a_restart_of_the_agent(
    running: Running, assignment: Assign, is_dead: bool
) -> None:
    async with running(stop=False) as world:
        world.supervisor.assign((assignment(),))
        (instance,) = await world.ready()
        pid = world.pid(instance)
        world.sidecars.drained.clear()
        world.supervisor.assign(())
        await world.sidecars.happened("drain", instance.id)
    world.sidecars.drained.set()
    if is_dead:
        os.kill(pid, signal.SIGKILL)
        await ended({pid})
    async with running() as successor:
        await successor.until(lambda now: bool(successor.reports) and now == ())
        assert {i.state for report in successor.reports for i in report} == {InstanceState.DRAINING}
        assert not os.path.exists(f"/proc/{pid}")


async def test_instance_whose_handle_was_not_recorded_is_found(
    running: Running, assignment: Assign, home: Home
) -> None:
    async with running(stop=False) as world:
        world.supervisor.assign((assignment(),))
        (instance,) = await world.ready()
        pid = world.pid(instance)
    state = home.agent / "instances.json"
    state.write_text(re.sub(r'"handle": "[^"]*"', '"handle": null', state.read_text()))
    async with running() as successor:
        await successor.ready()
        assert successor.pid(instance) == pid


async def test_bug_in_one_life_leaves_its_siblings_alone(
    running: Running, assignment: Assign, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def buggy(instance: Instance, *rest: Any) -> dict[str, str]:
        if instance.workload.name == "bug" and "taken up again" not in caplog.text:
            raise ZeroDivisionError
        return environment(instance, *rest)

    monkeypatch.setattr("tulle.runtime.life.environment", buggy)
    monkeypatch.setattr(supervisor, "TRY_AGAIN", 0.01)
    async with running() as world:
        world.supervisor.assign((assignment("bug"), assignment("web")))
        await world.ready(2)


async def test_no_free_port_is_logged_and_tried_again(
    running: Running, assignment: Assign, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    original = Ports.choose

    def choose(ports: Ports) -> int:
        if "no port" not in caplog.text:
            raise NoPortFree("no port is free")
        return original(ports)

    monkeypatch.setattr(Ports, "choose", choose)
    monkeypatch.setattr(supervisor, "TRY_AGAIN", 0.01)
    async with running() as world:
        world.supervisor.assign((assignment(),))
        await world.ready()


async def test_ports_of_the_gateway_are_not_chosen(
    running: Running, assignment: Assign, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(random, "randrange", lambda _: 0)
    async with running() as world:
        with contextlib.closing(Ports()) as ports:
            first = ports.choose()
        reserved = tuple(range(first, first + 20))
        world.supervisor.assign((assignment(reserved=reserved),))
        (instance,) = await world.ready()
        assert not placement.ports_of(instance) & {*reserved}


@pytest.mark.e2e
async def test_two_hundred_instances_cost_next_to_nothing_while_idle(running: Running, assignment: Assign) -> None:
    sleeper = assignment(command=("sleep", "600"), ports=(), replicas=200)
    async with running() as world:
        world.supervisor.assign((sleeper,))
        await world.ready(200)
        world.reports.clear()
        before = time.process_time()
        await asyncio.sleep(2)  # The point is what happens while nothing happens.
        assert time.process_time() - before < 0.4
        assert world.reports == []


@pytest.mark.e2e
@pytest.mark.parametrize("seed", range(3))
async def test_after_any_storm_there_is_what_was_assigned_last_and_nothing_else(
    running: Running, assignment: Assign, seed: int
) -> None:
    chance = random.Random(seed)
    started: set[int] = set()

    def any_assignments() -> tuple[Assignment, ...]:
        names = chance.sample(["red", "green", "blue"], chance.randint(0, 3))
        return tuple(
            assignment(
                name,
                command=("sleep", str(chance.choice([600, 601, 602]))),
                ports=(),
                replicas=chance.randint(0, 4),
                drain=chance.choice([0.0, 0.2]),
            )
            for name in names
        )

    for _ in range(4):
        async with running(stop=False) as world:
            for _ in range(6):
                world.supervisor.assign(latest := any_assignments())
                for _ in range(chance.randint(0, 8)):
                    await asyncio.sleep(chance.random() / 50)
                    pids = [world.pid(i) for i in world.supervisor.instances() if world.has_process(i)]
                    started.update(pids)
                    if pids and chance.random() < 0.3:
                        with contextlib.suppress(ProcessLookupError):
                            os.kill(chance.choice(pids), signal.SIGKILL)
    last = (*latest, assignment("last", command=("sleep", "603"), ports=()))
    wanted = sorted(str(a.fingerprint) for a in last for _ in range(a.replicas))
    async with running() as world:
        world.supervisor.assign(last)
        lives = world.supervisor._lives
        now = await world.until(
            lambda all_: (
                sorted(str(lives[i.id].record.assignment.fingerprint) for i in all_) == wanted
                and all(i.state is InstanceState.READY for i in all_)
            )
        )
        alive = {world.pid(instance) for instance in now}
        assert {pid for pid in started if is_running(pid)} <= alive
        assert world.sidecars.running == {instance.id for instance in now}
    assert not any(is_running(pid) for pid in started | alive)


async def ended(pids: set[int]) -> None:
    """Wait until none of them runs."""
    async with asyncio.timeout(10):
        while any(is_running(pid) for pid in pids):
            await asyncio.sleep(0.01)


def is_running(pid: int) -> bool:
    """Whether there is a process with that number that has not ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False

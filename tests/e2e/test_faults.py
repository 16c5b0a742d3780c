"""`kill -9` of everything, under load."""

from __future__ import annotations

import time

import pytest

from tests.e2e.machine import Machine, eventually

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

PAIR = """
gateway:
  listeners: {http: {port: GATEWAY}}
routes:
  - path: /
    to: web
services:
  web: {port: 8000, command: ECHO, replicas: 2}
  back: {port: 8000, command: ECHO}
"""


def test_control_plane_and_agent_die_without_a_failed_request(machine: Machine) -> None:
    machine.write(PAIR)
    machine.up()
    assert machine.get("/call?url=http://back/").json["status"] == 200
    before = {process.pid for process in machine.processes("envoy")}

    load = machine.load("/call?url=http://back/", seconds=12, connections=4)
    machine.kill("tulle serve")
    eventually(lambda: machine.status()["ready"], what="ready again after the death of the control plane")
    machine.kill("tulle agent")
    eventually(lambda: machine.processes("tulle agent"), what="a new agent")
    eventually(lambda: machine.status()["ready"], what="ready again after the death of the agent")
    requests, failed = load.result()

    assert requests > 100
    assert failed == 0
    assert {process.pid for process in machine.processes("envoy")} == before, "Envoys are adopted, not restarted"
    # The successors really are in charge.
    machine.write(PAIR.replace("replicas: 2", "replicas: 3"))
    eventually(lambda: len([i for i in machine.instances("web") if i["state"] == "ready"]) == 3)


def test_a_killed_envoy_serves_again_even_without_a_control_plane(machine: Machine) -> None:
    machine.write(PAIR)
    machine.up()
    assert machine.get("/call?url=http://back/").json["status"] == 200
    back = machine.instances("back")[0]["id"]

    machine.kill(f"envoy-{back}" if machine.processes(f"envoy-{back}") else back)
    started = time.monotonic()
    eventually(lambda: machine.get("/call?url=http://back/").json["status"] == 200, within=10)
    assert time.monotonic() - started < 5

    # Keep the control plane away: its launcher would start it again.
    for process in machine.processes("tulle serve"):
        process.suspend()
    try:
        machine.kill("gateway-")
        eventually(lambda: machine.get().status == 200, within=10, what="the gateway from its last good state")
        assert machine.get("/call?url=http://back/").json["status"] == 200
    finally:
        for process in machine.processes("tulle serve"):
            process.resume()
    eventually(lambda: machine.status()["ready"])


def test_a_killed_replica_comes_back_and_the_other_one_serves(machine: Machine) -> None:
    machine.write(PAIR)
    machine.up()
    victim = machine.instances("web")[0]
    for process in machine.processes("echo.py"):
        if process.environ().get("TULLE_INSTANCE") == victim["id"]:
            process.kill()
    eventually(lambda: machine.get().status == 200)
    eventually(lambda: machine.status()["ready"], what="the replica is back")
    assert victim["id"] in {each["id"] for each in machine.instances("web")}


def test_killing_a_foreground_up_ends_everything(machine: Machine) -> None:
    machine.write(PAIR)
    launcher = machine.start("up", str(machine.files))
    eventually(lambda: machine.get().status == 200, within=30)
    launcher.kill()
    launcher.wait(timeout=10)
    eventually(lambda: not machine.processes(), within=20, what="everything ended by itself")


def test_killing_a_foreground_up_and_its_agent_ends_everything(machine: Machine) -> None:
    machine.write(PAIR)
    launcher = machine.start("up", str(machine.files))
    eventually(lambda: machine.get().status == 200, within=30)
    agent = machine.processes("tulle agent")
    launcher.kill()
    for process in agent:
        process.kill()
    launcher.wait(timeout=10)
    eventually(lambda: not machine.processes(), within=20, what="everything ended by the control plane")

"""Edits of the file while requests are on their way."""

from __future__ import annotations

import random
from functools import partial

import pytest

from tests.e2e.machine import Machine, eventually

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]


def shop(*, weight: int = 50, replicas: int = 1, extra: bool = False, timeout: int = 10, word: str = "one") -> str:
    return f"""
gateway:
  listeners: {{http: {{port: GATEWAY}}}}
routes:
  - path: /
    to: web
    timeout: {timeout}s
  {"- {path: /extra, to: extra}" if extra else ""}
services:
  web: {{port: 8000, command: ECHO, replicas: {replicas}, env: {{WORD: {word}}}}}
  back:
    port: 8000
    versions:
      v1: {{command: ECHO}}
      v2: {{command: ECHO}}
    routes:
      - versions: {{v1: {weight}, v2: {100 - weight}}}
  {"extra: {port: 8000, command: ECHO}" if extra else ""}
"""


def test_no_request_fails_while_the_file_changes(machine: Machine) -> None:
    machine.write(shop())
    machine.up()
    eventually(lambda: machine.get("/call?url=http://back/").json["status"] == 200)
    chance = random.Random(7)

    load = machine.load("/call?url=http://back/", seconds=20, connections=4)
    for number in range(12):
        replicas = chance.choice([1, 2])
        machine.write(shop(weight=chance.randrange(101), replicas=replicas, extra=number % 4 == 1, timeout=10 + number))
        eventually(partial(_has_ready, machine, replicas))
    machine.write(shop(word="two"))
    eventually(lambda: machine.get().json["word"] == "two", what="the command is replaced by rolling")
    requests, failed = load.result()
    assert requests > 200
    assert failed == 0


def _has_ready(machine: Machine, replicas: int) -> bool:
    return len([each for each in machine.instances("web") if each["state"] == "ready"]) == replicas


def test_a_broken_file_hurts_nothing_that_is_good(machine: Machine) -> None:
    machine.write(shop())
    machine.up()
    machine.write("services:\n  web: {port: 8000, comand: nonsense}\n  other: [\n", "broken.yaml")
    found = eventually(lambda: [f for f in machine.status()["findings"] if "broken.yaml" in f["origin"]["file"]])
    assert found[0]["severity"] == "error"
    assert machine.get().status == 200
    machine.write(shop(word="three").replace("timeout: 10s", "timeout: soon"))
    eventually(lambda: machine.get().json["word"] == "three", what="the good parts of a file with a bad one")
    wrong = eventually(lambda: [f for f in machine.status()["findings"] if "soon" in f["message"]])
    assert wrong[0]["origin"]["line"] == 7
    assert machine.get("/call?url=http://back/").json["status"] == 200
    (machine.files / "broken.yaml").unlink()
    machine.write(shop(word="four"))
    eventually(lambda: machine.status()["findings"] == [])

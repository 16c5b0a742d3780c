"""A policy is broken, the control plane is killed, and what was forbidden stays forbidden."""

from __future__ import annotations

import pytest

from tests.e2e.machine import Machine, eventually

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

SERVICES = """
gateway:
  listeners: {http: {port: GATEWAY}}
routes:
  - {path: /, to: web}
services:
  web: {port: 8000, command: ECHO}
"""
DENY = """
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: deny}
spec:
  selector: {matchLabels: {app: web}}
  action: DENY
  rules:
    - to: [{operation: {paths: [/secret]}}]
"""
WRONG_FIELD = DENY.replace("action", "acton")
NOT_YAML = DENY.replace("[/secret]", "[/secret")
OTHER = DENY.replace("/secret", "/other")


def statuses(machine: Machine, *paths: str) -> list[int]:
    return [machine.get(path).status for path in paths]


def says(machine: Machine, words: str) -> bool:
    return any(words in each["message"] for each in machine.status()["findings"])


def restart(machine: Machine) -> None:
    """`kill -9` of the control plane, and wait for the next one."""
    before = {each.pid for each in machine.processes("tulle serve")}
    machine.kill("tulle serve")
    eventually(lambda: {each.pid for each in machine.processes("tulle serve")} - before)
    eventually(lambda: machine.status()["ready"], what="a control plane that knows its proxies")


def routed(machine: Machine, path: str, to: str = "web") -> None:
    """Another change, which takes effect as ever."""
    machine.write(SERVICES + f"access: {{no-{path}: {{action: deny, services: [web], rules: {{to: {{paths: [/{path}]}}}}}}}}")
    eventually(lambda: statuses(machine, f"/{path}") == [403], what=f"a change while a file is broken: /{path}")


@pytest.mark.parametrize("is_stopped", [False, True], ids=["kill", "down-up"])
def test_what_was_forbidden_stays_so_while_its_file_is_broken(machine: Machine, is_stopped: bool) -> None:
    machine.write(SERVICES)
    machine.write(DENY, "policy.yaml")
    machine.up()
    eventually(lambda: statuses(machine, "/secret", "/") == [403, 200], what="the policy")

    for number, (broken, words) in enumerate([(WRONG_FIELD, "its last good version"), (NOT_YAML, "it last said still")]):
        machine.write(broken, "policy.yaml")
        eventually(lambda words=words: says(machine, words), what="a finding that tells what counts")
        assert statuses(machine, "/secret", "/") == [403, 200]
        restart(machine)
        eventually(lambda words=words: says(machine, words), what="the same finding after a restart")
        routed(machine, f"change-{number}")
        assert statuses(machine, "/secret", "/") == [403, 200]

    machine.write(OTHER, "policy.yaml")
    eventually(lambda: statuses(machine, "/secret", "/other") == [200, 403], what="the policy that was mended")
    assert not says(machine, "still counts")

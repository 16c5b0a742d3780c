"""A policy is broken, the control plane is killed, and what was forbidden stays forbidden."""

from __future__ import annotations

from functools import partial

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
WRONG_KIND = DENY.replace("Authorization", "Authorisation")
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


def changed(machine: Machine, path: str) -> bool:
    """Whether another change takes effect as ever."""
    policy = f"access: {{other: {{action: deny, services: [web], rules: {{to: {{paths: [{path}]}}}}}}}}"
    machine.write(SERVICES + policy)
    return eventually(lambda: statuses(machine, path) == [403], what=f"a change while a file is broken: {path}")


def test_what_was_forbidden_stays_so_while_its_file_is_broken(machine: Machine) -> None:
    machine.write(SERVICES)
    machine.write(DENY, "policy.yaml")
    machine.up()
    eventually(lambda: statuses(machine, "/secret", "/") == [403, 200], what="the policy")

    for broken, words in (
        (WRONG_FIELD, "its last good version still counts"),
        (WRONG_KIND, "what it last said, and says nowhere now, still counts"),
        (NOT_YAML, "what it last said still counts"),
    ):
        machine.write(broken, "policy.yaml")
        assert eventually(partial(says, machine, words), what="a finding that tells what counts")
        assert statuses(machine, "/secret", "/") == [403, 200]
        restart(machine)
        assert eventually(partial(says, machine, words), what="the same finding after a restart")
        assert changed(machine, f"/change-{len(words)}")
        assert statuses(machine, "/secret", "/") == [403, 200]

    machine.write(OTHER, "policy.yaml")
    eventually(lambda: statuses(machine, "/secret", "/other") == [200, 403], what="the policy that was mended")
    assert not says(machine, "still counts")


def test_a_file_that_is_broken_while_nothing_runs_is_no_way_around_its_policy(machine: Machine) -> None:
    machine.write(SERVICES)
    machine.write(DENY, "policy.yaml")
    machine.write(OTHER.replace("deny", "other"), "other.yaml")
    machine.up()
    eventually(lambda: statuses(machine, "/secret", "/other", "/") == [403, 403, 200], what="the policies")
    machine.tulle("down")
    machine.write(NOT_YAML, "policy.yaml")
    machine.write(WRONG_FIELD.replace("deny", "other").replace("/secret", "/other"), "other.yaml")
    checked = machine.tulle("check", str(machine.files), check=False).stdout
    assert "this version is not enforced" in checked and "still counts" not in checked
    machine.tulle("up", "--detach", str(machine.files), check=False)
    eventually(lambda: statuses(machine, "/secret", "/other", "/") == [403, 403, 200], what="the policies of before")
    assert says(machine, "what it last said still counts") and says(machine, "its last good version still counts")

    # Removed for good, it does not come back.
    machine.files.joinpath("policy.yaml").unlink()
    eventually(lambda: statuses(machine, "/secret") == [200], what="no policy")
    restart(machine)
    machine.write(WRONG_FIELD, "policy.yaml")
    assert eventually(partial(says, machine, "it is not enforced until it is mended"), what="a policy that never was")
    assert statuses(machine, "/secret") == [200]

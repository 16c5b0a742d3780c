"""Tasks as the state of a master describes them."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from tests.sources.mutations import mutated
from tulle.model.registries import MesosSettings
from tulle.sources.legacy.mesos import Told, told


def task(name: str = "shop", labels: dict[str, str] | None = None, number: int = 1, **said: Any) -> dict[str, Any]:
    status = {
        "state": "TASK_RUNNING",
        "timestamp": 100.5,
        "healthy": True,
        "labels": [{"key": "Docker.NetworkSettings.IPAddress", "value": "172.17.0.5"}],
        "container_status": {"network_infos": [{"ip_addresses": [{"protocol": "IPv4", "ip_address": "9.0.0.5"}]}]},
    }
    return {
        "id": f"{name}.{number}",
        "name": name,
        "framework_id": "f-1",
        "slave_id": "s-1",
        "state": "TASK_RUNNING",
        "statuses": [{"state": "TASK_STARTING", "timestamp": 99.0}, status],
        "labels": [{"key": key, "value": value} for key, value in (labels or {}).items()],
        "discovery": {
            "visibility": "FRAMEWORK",
            "name": name,
            "ports": {"ports": [{"number": 31001, "name": "web", "protocol": "tcp"}, {"number": 31002, "name": "api"}]},
        },
        **said,
    }


def state(*tasks: Any) -> dict[str, Any]:
    agent = {"id": "s-1", "hostname": "agent-1", "pid": "slave(1)@10.0.0.1:5051"}
    return {"frameworks": [{"id": "f-1", "tasks": list(tasks)}], "slaves": [agent]}


def tell(*tasks: Any, **settings: Any) -> Told:
    return told(state(*tasks), MesosSettings(**{"domain": "example.org", **settings}))


def urls(found: Told) -> list[str]:
    backends: Any = found.configuration["backends"]
    return [server["url"] for backend in backends.values() for server in backend["servers"].values()]


def rules(found: Told) -> list[str]:
    frontends: Any = found.configuration["frontends"]
    return [frontend["routes"]["host"]["rule"] for frontend in frontends.values()]


def test_tasks_of_a_name_are_one_application() -> None:
    found = tell(task(), task(number=2, slave_id="s-1"), task(state="TASK_FAILED", number=3))
    assert urls(found) == ["http://10.0.0.1:31001"] * 2
    assert rules(found) == ["Host:shop.example.org"]
    assert list(found.configuration["frontends"]) == ["frontend-shop"]  # type: ignore[call-overload]


@pytest.mark.parametrize(
    ("name", "labels", "settings", "rule"),
    [
        ("/a/my_shop", {}, {}, "Host:a-my-shop.example.org"),
        ("/a/shop", {}, {"groups_as_sub_domains": True}, "Host:shop.a.example.org"),
        ("shop", {"traefik.domain": "b.org"}, {}, "Host:shop.b.org"),
        ("shop", {}, {"domain": ""}, "Host:shop"),
        ("shop", {"traefik.frontend.rule": "Path:/x"}, {}, "Path:/x"),
        ("shop", {"traefik.api.port": "31002"}, {}, "Host:api.shop.example.org"),
    ],
)
def test_rules(name: str, labels: dict[str, str], settings: dict[str, Any], rule: str) -> None:
    assert rules(tell(task(name, labels), **settings)) == [rule]


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ({"traefik.port": "31002"}, "http://10.0.0.1:31002"),
        ({"traefik.portIndex": "1"}, "http://10.0.0.1:31002"),
        ({"traefik.portName": "api"}, "http://10.0.0.1:31002"),
        ({"traefik.protocol": "https"}, "https://10.0.0.1:31001"),
        ({"traefik.api.weight": "2"}, "http://10.0.0.1:31002"),
    ],
)
def test_ports(labels: dict[str, str], expected: str) -> None:
    assert urls(tell(task("shop", labels))) == [expected]


@pytest.mark.parametrize(
    ("labels", "sentence"),
    [
        ({"traefik.port": "1"}, "traefik.port says 1"),
        ({"traefik.port": "31001", "traefik.portIndex": "0"}, "write one of them"),
        ({"traefik.portIndex": "9"}, "traefik.portIndex says 9"),
        ({"traefik.portName": "x"}, "traefik.portName says x"),
        ({"traefik.enable": "maybe"}, "true or false"),
        ({"traefik.frontend.rule": "a", "traefik.frontend.rule.b": "c"}, "has the value"),
    ],
)
def test_labels_that_are_wrong(labels: dict[str, str], sentence: str) -> None:
    assert sentence in tell(task("shop", labels)).problems[0][1]


@pytest.mark.parametrize(
    ("kinds", "address"),
    [(("host",), "10.0.0.1"), (("docker",), "172.17.0.5"), (("netinfo",), "9.0.0.5"), (("mesos", "host"), "10.0.0.1")],
)
def test_addresses(kinds: tuple[str, ...], address: str) -> None:
    assert urls(tell(task(), ip_sources=kinds)) == [f"http://{address}:31001"]


def test_who_has_no_address() -> None:
    assert "no address of the kinds mesos" in tell(task(), ip_sources=("mesos",)).problems[0][1]
    bare = task(statuses=[], slave_id="gone")
    assert "no address" in tell(bare, ip_sources=("host", "docker", "netinfo")).problems[0][1]
    old = task(
        statuses=[
            {
                "state": "TASK_RUNNING",
                "timestamp": 1,
                "container_status": {"network_infos": [{"ip_address": "9.1.1.1"}]},
            }
        ]
    )
    assert urls(tell(old, ip_sources=("netinfo",))) == ["http://9.1.1.1:31001"]


def test_who_is_left_out() -> None:
    ill = {"state": "TASK_RUNNING", "timestamp": 200, "healthy": False}
    assert (
        urls(tell(task("a", {"traefik.enable": "false"}), task("b", discovery={}), task("c", statuses=[ill]), None))
        == []
    )
    assert urls(tell(task(), exposed_by_default=False)) == []
    bad = {"name": "x", "ports": {"ports": [{"number": "80"}]}}
    assert "a port that is none" in tell(task(discovery=bad)).problems[0][1]


def test_two_applications_may_share_a_backend() -> None:
    found = tell(task("a", {"traefik.backend": "x"}), task("b", {"traefik.backend": "x"}))
    assert len(urls(found)) == 2
    assert len(rules(found)) == 2


@pytest.mark.parametrize("odd", [None, [], {"frameworks": [None, {"tasks": "x"}], "slaves": [None]}])
def test_odd_forms_say_nothing(odd: Any) -> None:
    assert told(odd, MesosSettings()) == Told({"frontends": {}, "backends": {}}, ())


def test_odd_tasks_hurt_nobody_else() -> None:
    chance = Random(1)
    for _ in range(500):
        odd = mutated(task("odd", {"traefik.port": "31001", "traefik.frontend.headers.frameDeny": "true"}), chance)
        found = tell(odd, task("good"), ip_sources=("netinfo", "docker", "host"))
        assert "Host:good.example.org" in rules(found)

"""Applications as Marathon describes them, and where their tasks are."""

from __future__ import annotations

from datetime import UTC, datetime
from random import Random
from typing import Any

import pytest

from tests.sources.mutations import mutated
from tulle.model.registries import LabelSettings
from tulle.sources.labels.applications import Choices, applications
from tulle.sources.labels.reading import LabelReader

NOW = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)
PORT = "traefik.http.services.s.loadbalancer.server.port"


def task(number: int = 1, **said: Any) -> dict[str, Any]:
    return {
        "id": f"web.{number}",
        "appId": "/shop/web",
        "host": f"agent-{number}.example.org",
        "ports": [31000 + number, 32000 + number],
        "ipAddresses": [{"ipAddress": f"10.0.0.{number}", "protocol": "IPv4"}],
        "state": "TASK_RUNNING",
        "startedAt": "2026-01-02T11:00:00.000Z",
        **said,
    }


def app(labels: dict[str, str] | None = None, *tasks: dict[str, Any], **said: Any) -> dict[str, Any]:
    return {"id": "/shop/web", "labels": labels or {}, "tasks": list(tasks) or [task()], "instances": 1, **said}


def urls(said: Any, choices: Choices | None = None, settings: LabelSettings | None = None) -> Any:
    reader = LabelReader(settings or LabelSettings(), "marathon")
    exposed, wrong = applications([said], reader, choices or Choices(now=NOW))
    found = reader.read(exposed)
    services = [service for each in found.entries for service in each.content["http"]["services"].values()]
    servers = [server["url"] for service in services for server in service["loadBalancer"]["servers"]]
    return servers or [sentence for _, sentence in wrong] + [remark.sentence for remark in found.remarks]


def test_the_first_port_at_the_host_of_each_task() -> None:
    assert urls(app(None, task(1), task(2), task(3, state="TASK_STAGING"))) == [
        "http://agent-1.example.org:31001",
        "http://agent-2.example.org:31002",
    ]


def test_names() -> None:
    reader = LabelReader(LabelSettings(), "marathon")
    exposed, _ = applications([app()], reader, Choices())
    (entry,) = reader.read(exposed).entries
    assert entry.place == "marathon:app/shop/web"
    assert entry.content["http"]["routers"] == {"shop_web": {"rule": "Host(`shop-web`)", "service": "shop_web"}}


@pytest.mark.parametrize(
    ("port", "said", "expected"),
    [
        ("8080", {}, "http://agent-1.example.org:8080"),
        ("index:1", {}, "http://agent-1.example.org:32001"),
        (
            "name:api",
            {"portDefinitions": [{"name": "x", "port": 1}, {"name": "api", "port": 10010}]},
            "http://agent-1.example.org:10010",
        ),
        ("name:none", {}, 'it has no port with the name "none"'),
        ("index:7", {}, "index:7"),
        ("0", {}, "must be a number"),
        ("http", {}, "must be a number"),
    ],
)
def test_ports(port: str, said: dict[str, Any], expected: str) -> None:
    assert expected in urls(app({PORT: port}, **said))[0]


def test_ports_of_the_application() -> None:
    bare = task(ports=[])
    assert urls(app(None, bare, portDefinitions=[{"port": 10001}])) == ["http://agent-1.example.org:10001"]
    discovery = {"discovery": {"ports": [{"number": 8081, "name": "a"}]}}
    assert urls(app(None, bare, ipAddress=discovery)) == ["http://10.0.0.1:8081"]
    assert "have no ports" in urls(app(None, bare))[0]


def test_addresses() -> None:
    container = {"networks": [{"mode": "container"}]}
    assert urls(app(None, **container)) == ["http://10.0.0.1:31001"]
    assert urls(app(None, networks=[{"mode": "host"}])) == ["http://agent-1.example.org:31001"]
    assert urls(app(None, **container), Choices(force_host=True)) == ["http://agent-1.example.org:31001"]
    two = task(ipAddresses=[{"ipAddress": "10.0.0.1"}, {"ipAddress": "10.1.0.1"}])
    assert urls(app({"traefik.marathon.ipAddressIdx": "1"}, two, **container)) == ["http://10.1.0.1:31001"]
    assert "say which" in urls(app(None, two, **container))[0]
    assert "says 5" in urls(app({"traefik.marathon.ipAddressIdx": "5"}, two, **container))[0]
    assert "must be a number" in urls(app({"traefik.marathon.ipAddressIdx": "x"}, two, **container))[0]
    assert "have no address" in urls(app(None, task(ipAddresses=[]), **container))[0]
    assert "have no host" in urls(app(None, task(host="")))[0]


def test_nobody_runs() -> None:
    assert "none of its tasks runs" in urls(app(None, task(state="TASK_FAILED")))[0]
    assert "none of its tasks runs" in urls(app(None, tasks=None))[0]


def test_who_is_exposed() -> None:
    assert urls(app({"traefik.enable": "false"})) == []
    assert urls(app(), None, LabelSettings(exposed_by_default=False)) == []
    assert urls(app({"a": "b"}), None, LabelSettings(constraints="Label(`a`,`c`)")) == []
    unique = LabelSettings(constraints="MarathonConstraint(`hostname:UNIQUE`)")
    assert urls(app(constraints=[["hostname", "UNIQUE"]]), None, unique) == ["http://agent-1.example.org:31001"]
    assert urls(app(), None, unique) == []


@pytest.mark.parametrize(
    ("said", "is_ready"),
    [
        ({}, True),
        ({"deployments": [{"id": "d"}]}, True),
        ({"readinessChecks": [{}]}, True),
        (
            {
                "deployments": [{}],
                "readinessChecks": [{}],
                "readinessCheckResults": [{"taskId": "web.1", "ready": True}],
            },
            True,
        ),
        (
            {
                "deployments": [{}],
                "readinessChecks": [{}],
                "readinessCheckResults": [{"taskId": "web.1", "ready": False}],
            },
            False,
        ),
        ({"deployments": [{}], "readinessChecks": [{"timeoutSeconds": 10}]}, True),
        ({"deployments": [{}], "readinessChecks": [{"timeoutSeconds": 7200}]}, False),
        ({"deployments": [{}], "readinessChecks": [{}], "tasks": [task(startedAt="2026-01-02T11:59:55Z")]}, False),
        ({"deployments": [{}], "readinessChecks": [{}], "tasks": [task(startedAt="soon")]}, False),
    ],
)
def test_tasks_of_deployments(said: dict[str, Any], is_ready: bool) -> None:
    found = urls({**app(), **said}, Choices(respect_readiness=True, now=NOW))
    assert (found[0].startswith("http:")) == is_ready


@pytest.mark.parametrize("said", [None, {}, {"id": "/"}, "x"])
def test_what_is_no_application(said: Any) -> None:
    assert "without a name" in urls(said)[0]


def test_odd_forms_hurt_nobody_else() -> None:
    chance = Random(1)
    said = app(
        {"traefik.enable": "true", PORT: "name:a"},
        portDefinitions=[{"name": "a", "port": 5}],
        networks=[{"mode": "container"}],
        ipAddress={"discovery": {"ports": [{"number": 1, "name": "a"}]}},
        readinessChecks=[{"timeoutSeconds": 5}],
        readinessCheckResults=[{"taskId": "x"}],
        deployments=[{}],
        constraints=[["a", "b"]],
    )
    reader = LabelReader(LabelSettings(), "marathon")
    choices = Choices(respect_readiness=True, now=NOW)
    for _ in range(500):
        exposed, _wrong = applications([mutated(said, chance), {**app(), "id": "/good"}], reader, choices)
        assert "marathon:app/good" in [entry.place for entry in reader.read(exposed).entries]

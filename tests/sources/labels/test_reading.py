"""Containers and services become what Traefik 3.7 made of them when it was asked (recorded.json)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.dialects.traefik.reading import document
from tests.e2e.labelled_traefik import shape_of
from tests.flow.edge.building import http, told
from tests.sources.engine_double import container as inspected
from tests.sources.engine_double import network, service, task
from tests.sources.labels.cases import BINDINGS, CASES, EMPTY_ALLOWED, SWARM
from tests.sources.mutations import mutated
from tulle.flow.build import Builder
from tulle.kit.located_yaml import parse
from tulle.model.documents import Document, Key, Origin
from tulle.model.names import Name
from tulle.model.registries import LabelSettings
from tulle.model.routes import Forward
from tulle.sources.labels.containers import container
from tulle.sources.labels.decoding import Unusable
from tulle.sources.labels.reading import LabelReader
from tulle.sources.labels.tasks import SwarmState
from tulle.sources.readings import Reading
from tulle.sources.swarm import read

RECORDED: Mapping[str, Mapping[str, Any]] = json.loads((Path(__file__).parent / "recorded.json").read_text())
BETTER = {
    "a server with an index": {"routers": {"web": ["Host(`web`)", "a"]}, "services": {"a": ["http://172.17.0.2:81"]}},
    "two, one is ill": {
        "routers": {"w1": ["Host(`w1`)", "a"], "w2": ["Host(`w2`)", "a"]},
        "services": {"a": ["http://172.17.0.2:81"]},
    },
}
"""Where Traefik forgets the container, or adds a server without an address."""


def reading(said: Any, settings: LabelSettings | None = None) -> Reading:
    return LabelReader(settings or LabelSettings(), "docker").containers(
        [container(each) for each in said], "127.0.0.1"
    )


def shape(found: Reading) -> Any:
    return json.loads(json.dumps(shape_of(each.content for each in found.entries)))


def sentences(found: Reading) -> list[str]:
    return [f"{each.severity} {each.place}: {each.sentence}" for each in found.remarks]


@pytest.mark.parametrize(
    ("table", "name"),
    [
        *(("cases", name) for name in CASES),
        *(("bindings", name) for name in BINDINGS),
        *(("empty", name) for name in EMPTY_ALLOWED),
    ],
)
def test_containers(table: str, name: str) -> None:
    cases, settings = {
        "cases": (CASES, LabelSettings()),
        "bindings": (BINDINGS, LabelSettings(use_bind_port_ip=True)),
        "empty": (EMPTY_ALLOWED, LabelSettings(allow_empty_services=True)),
    }[table]
    assert shape(reading(cases[name], settings)) == (BETTER.get(name) or RECORDED[table][name])


@pytest.mark.parametrize("name", SWARM)
def test_services_of_a_swarm(name: str) -> None:
    services, tasks = SWARM[name]
    state = SwarmState(services, tasks, [network("net"), network("other")], [])
    assert shape(read(state, LabelReader(LabelSettings(), "swarm"))) == RECORDED["swarm"][name]


def test_services_of_a_swarm_without_tasks_may_stay() -> None:
    services, tasks = SWARM["no task"]
    reader = LabelReader(LabelSettings(allow_empty_services=True), "swarm")
    assert shape(read(SwarmState(services, tasks), reader))["services"] == {"w": []}


def test_everything_stays_with_the_first_that_says_it() -> None:
    found = reading(CASES["two that are one"])
    assert [each.place for each in found.entries] == ["docker:container/w1"]


def test_mistakes_of_one_hurt_only_it() -> None:
    bad = inspected("bad", {"traefik.http.routers..rule": "Path(`/`)"})
    found = reading([bad, inspected("good")])
    assert shape(found)["routers"] == {"good": ["Host(`good`)", "good"]}
    assert sentences(found) == [
        "error docker:container/bad: the label traefik.http.routers..rule has nothing between two dots, "
        "or behind the last one. It is not exposed"
    ]


def test_labels_that_traefik_does_not_take() -> None:
    http = "traefik.http"
    labels = {
        f"{http}.routers.r.rule": "Path(`/`)",
        f"{http}.routers.r.service": "w",
        f"{http}.services.s.loadbalancer.server.port": "81",
        f"{http}.services.s.loadbalancer.serverstransport": "t",
        f"{http}.services.w.weighted.services[0].name": "s",
        f"{http}.services.w.weighted.services[0].weight": "3",
        f"{http}.services.f.failover.service": "s",
        f"{http}.services.m.mirroring.service": "s",
        f"{http}.serverstransports.t.insecureskipverify": "true",
        "traefik.tcp.serverstransports.u.dialtimeout": "1s",
        "traefik.tls.options.o.minversion": "VersionTLS12",
    }
    (entry,) = reading([inspected("web", labels)]).entries
    http_part = entry.content["http"]
    assert http_part["services"]["w"] == {"weighted": {"services": {"0": {"name": "s", "weight": "3"}}}}
    assert http_part["services"]["f"] == {"failover": {"service": "s"}}
    assert http_part["serversTransports"] == {"t": {"insecureskipverify": "true"}}
    assert http_part["services"]["s"]["loadBalancer"]["servers"] == [{"url": "http://172.17.0.2:81"}]
    assert entry.content["tcp"]["serversTransports"] == {"u": {"dialtimeout": "1s"}}
    assert entry.content["tls"] == {"options": {"o": {"minversion": "VersionTLS12"}}}


def test_services_of_services_by_labels_share_requests() -> None:
    """Traefik takes these only from files."""
    labels = {
        "traefik.http.routers.r.service": "w",
        "traefik.http.routers.m.service": "m",
        "traefik.http.routers.f.service": "f",
        "traefik.http.services.s.loadbalancer.server.port": "81",
        "traefik.http.services.s.loadbalancer.healthcheck.path": "/",
        "traefik.http.services.w.weighted.services[0].name": "s",
        "traefik.http.services.w.weighted.services[0].weight": "3",
        "traefik.http.services.w.weighted.services[1].name": "t@file",
        "traefik.http.services.m.mirroring.service": "s",
        "traefik.http.services.m.mirroring.mirrors[0].name": "t@file",
        "traefik.http.services.m.mirroring.mirrors[0].percent": "10",
        "traefik.http.services.f.failover.service": "s",
        "traefik.http.services.f.failover.fallback": "t@file",
    }
    (entry,) = reading([inspected("web", labels)]).entries
    by_labels = Document(Origin("docker", "docker:container/web"), Key("file", Name("", "web")), located(entry.content))
    found = Builder().build((by_labels, document(http("x: {rule: Path(`/x`), service: s}"))))
    assert told(found) == []
    actions = {each.name.name: each.rules[0].action for each in found.gateway_routes}
    weighted, mirrored, failing = (actions[name] for name in "rmf")
    assert isinstance(weighted, Forward) and isinstance(mirrored, Forward) and isinstance(failing, Forward)
    s, t = Name("@docker", "s"), Name("@file", "t")
    assert [(each.service, each.weight) for each in weighted.backends] == [(s, 3), (t, 1)]
    assert [(each.backend.service, each.percent) for each in mirrored.mirrors] == [(t, 10)]
    assert [[each.service for each in backend.fallbacks] for backend in failing.backends] == [[t]]


def located(value: Any) -> Any:
    """As documents have their values."""
    return parse(json.dumps(value))


def test_constraints_and_rules() -> None:
    settings = LabelSettings(
        constraints="Label(`env`,`prod`)", default_rule="Host(`{{ .ContainerName }}.{{ .Labels.env }}`)"
    )
    found = reading([inspected("a", {"env": "prod"}), inspected("b", {"env": "dev"})], settings)
    assert shape(found)["routers"] == {"a": ["Host(`a.prod`)", "a"]}


def test_settings_that_are_wrong_are_told_and_nothing_is_exposed_by_mistake() -> None:
    assert sentences(reading([inspected("a")], LabelSettings(constraints="Label("))) == [
        "error docker: constraints: Label( ends too early. Nothing is exposed"
    ]
    found = reading(
        [inspected("a"), inspected("b", {"traefik.http.routers.b.rule": "Path(`/`)"})],
        LabelSettings(default_rule="Host(`{{ foo }}`)"),
    )
    assert shape(found)["routers"] == {"b": ["Path(`/`)", "b"]}
    assert sentences(found) == [
        "error docker: defaultRule: Host(`{{ foo }}`) cannot be used: the function foo is not known here",
        "error docker:container/a: router a is left out: it has no rule, and the default rule cannot be made: "
        "the function foo is not known here",
    ]


def test_an_empty_rule() -> None:
    found = reading([inspected("a")], LabelSettings(default_rule="{{ if .Labels.x }}Path(`/`){{ end }}"))
    assert "routers" not in shape(found)
    assert "the default rule is empty for it" in sentences(found)[0]


def test_doubts_about_networks_are_told() -> None:
    two = {"back": "10.2.0.2", "front": "10.1.0.2"}
    (only,) = sentences(reading([inspected("a", networks=two)]))
    assert "it is in several networks (back, front); back is used" in only
    (only,) = sentences(reading([inspected("a", networks=two)], LabelSettings(network="side_x")))
    assert only == "warning docker:container/a: it is not in the network side_x, but in back, front; back is used"
    assert not sentences(reading([inspected("a", networks=two)], LabelSettings(network="front")))


def test_what_says_nothing_where_a_mapping_is_needed() -> None:
    found = reading([inspected("a", {"traefik.http.routers.a": "x"}), inspected("b", {"traefik.tcp.routers": "x"})])
    assert [each.partition(": ")[2] for each in sentences(found)] == [
        "router a is left out: its label traefik.http.routers.a says nothing",
        "the label traefik.tcp.routers says nothing; a name must follow. It is not exposed",
    ]


def test_odd_forms_hurt_nobody_else() -> None:
    chance = Random(1)
    settings = LabelSettings(use_bind_port_ip=True)
    good = container(inspected("good"))
    everything = [each for table in (CASES, BINDINGS) for each in table.values()]
    for _ in range(500):
        found = [good]
        for said in chance.choice(everything):
            try:
                found.append(container(mutated(said, chance)))
            except Unusable:
                continue
        assert "good" in shape(LabelReader(settings, "docker").containers(found))["routers"]


def test_odd_forms_of_a_swarm_hurt_nobody_else() -> None:
    chance = Random(1)
    good = service("good", {"traefik.http.services.good.loadbalancer.server.port": "80"})
    its = task("good", 1, {"net": "10.0.1.9/24"})
    for _ in range(500):
        services, tasks = chance.choice(list(SWARM.values()))
        services, tasks = ([*mutated(list(each), chance), one] for each, one in ((services, good), (tasks, its)))
        state = SwarmState(services, tasks, [network("net")], mutated([{"ID": "a", "Status": {"Addr": "b"}}], chance))
        assert "good" in shape(read(state, LabelReader(LabelSettings(), "swarm")))["routers"]

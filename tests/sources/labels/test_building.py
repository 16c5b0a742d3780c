from __future__ import annotations

import pytest

from tulle.model.registries import DEFAULT_RULE
from tulle.sources.labels.building import Built, Exposed, built
from tulle.sources.labels.decoding import Unusable
from tulle.sources.labels.rules import DefaultRule

RULE = DefaultRule(DEFAULT_RULE)


def build(labels: dict[str, str], *addresses: str) -> Built:
    def found(port: str) -> tuple[str, ...]:
        if not addresses:
            raise Unusable("it is nowhere")
        return tuple(f"{address}:{port or 80}" for address in addresses)

    return built(Exposed("k", "docker:container/web", "web", labels, found, {"Name": "web"}), RULE)


def test_nothing_makes_a_router_and_a_service() -> None:
    assert build({}, "a").content == {
        "http": {
            "routers": {"web": {"rule": "Host(`web`)", "service": "web"}},
            "services": {"web": {"loadBalancer": {"servers": [{"url": "http://a:80"}]}}},
        }
    }


def test_several_servers_have_what_is_said_of_one() -> None:
    prefix = "traefik.http.services.s.loadbalancer"
    labels = {f"{prefix}.server.port": "81", f"{prefix}.server.weight": "2", f"{prefix}.strategy": "p2c"}
    assert build(labels, "a", "b").content["http"]["services"]["s"] == {
        "loadBalancer": {
            "strategy": "p2c",
            "servers": [{"weight": "2", "url": "http://a:81"}, {"weight": "2", "url": "http://b:81"}],
        }
    }


def test_a_service_without_servers_takes_its_routers_with_it() -> None:
    found = build({"traefik.http.routers.r.rule": "Path(`/`)", "traefik.http.middlewares.m.compress": "true"})
    assert found.content["http"] == {"middlewares": {"m": {"compress": "true"}}, "routers": {}, "services": {}}
    assert found.errors == ("service web is left out: it is nowhere",)


def test_who_has_no_labels_is_only_warned() -> None:
    found = build({})
    assert not found.errors
    assert found.warnings == ("service web is left out: it is nowhere",)


def test_parts_that_need_no_completion_stay() -> None:
    labels = {
        "traefik.http.serverstransports.t.insecureskipverify": "true",
        "traefik.tcp.routers.r.rule": "HostSNI(`*`)",
        "traefik.udp.serverstransports.x.y": "z",
    }
    found = build(labels, "a").content
    assert found["http"] == {"serversTransports": {"t": {"insecureskipverify": "true"}}}
    assert found["udp"] == {"serversTransports": {"x": {"y": "z"}}}
    assert found["tcp"]["services"] == {"web": {"loadBalancer": {"servers": [{"address": "a:80"}]}}}


def test_clashes_are_errors() -> None:
    found = build({"traefik.http.routers.r.rule": "x", "traefik.http.routers.r.rule.y": "z"}, "a")
    assert "traefik.http.routers.r.rule has the value" in found.errors[0]


@pytest.mark.parametrize("label", ["traefik.http.routers", "traefik.tcp.services"])
def test_labels_that_say_nothing(label: str) -> None:
    with pytest.raises(Unusable, match="a name must follow"):
        build({label: "x"}, "a")

from __future__ import annotations

import pytest

from tulle.sources.labels.decoding import Own, Unusable, child, dynamic, own


def test_keys_are_nested_and_the_server_is_the_first_of_a_list() -> None:
    found, clashes = dynamic(
        {
            "traefik.http.routers.a.rule": "Path(`/`)",
            "traefik.HTTP.Services.s.LoadBalancer.Server.Port": "81",
            "traefik.http.services.t.weighted.services[0].name": "s",
            "traefik.tls.stores.default.defaultcertificate.certfile": "c.pem",
            "traefik.enable": "true",
            "other": "x",
        }
    )
    assert not clashes
    services = child(child(found, "http"), "services")
    assert child(child(services, "s"), "loadbalancer") == {"servers": {"0": {"Port": "81"}}}
    assert child(services, "t") == {"weighted": {"services": {"0": {"name": "s"}}}}
    assert "tls" in found and "enable" not in found


@pytest.mark.parametrize(
    ("labels", "sentence"),
    [
        ({"traefik.http.routers..rule": "x"}, "between two dots"),
        ({"traefik.http": "x"}, "says nothing"),
        ({"TRAEFIK.http.routers.a.rule": "x"}, "small letters"),
        ({f"traefik.http.routers.r{n}.rule": "x" for n in range(10_001)}, "more than 10,000"),
    ],
)
def test_labels_that_make_all_of_it_unusable(labels: dict[str, str], sentence: str) -> None:
    with pytest.raises(Unusable, match=sentence):
        dynamic(labels)


def test_clashes_are_told() -> None:
    _, clashes = dynamic({"traefik.http.routers.a.rule": "x", "traefik.http.routers.a.rule.b": "y"})
    assert [clash.path for clash in clashes] == [("http", "routers", "a", "rule")]


def test_what_is_for_the_provider() -> None:
    labels = {"traefik.enable": "1", "traefik.docker.network": "n", "traefik.docker.AllowNonRunning": "true"}
    assert own(labels, "docker", False) == Own(True, "n", False, True)
    assert own({}, "docker", False) == Own(False)
    assert own({"traefik.swarm.lbswarm": "t"}, "swarm", True).is_balanced_by_swarm


def test_typos_are_told() -> None:
    found = own({"traefik.docker.netwrk": "n", "traefik.htp.routers.x.rule": "r", "traefik.x": "y"}, "docker", True)
    assert found.warnings == (
        'the label traefik.docker.netwrk has no effect; did you mean "network"?',
        'the label traefik.htp.routers.x.rule has no effect; did you mean "http"?',
        "the label traefik.x has no effect",
    )
    assert not own({"traefik.swarm.network": "n"}, "docker", True).warnings


@pytest.mark.parametrize(
    ("labels", "sentence"),
    [
        ({"traefik.enable": "yes"}, 'must be true or false, not "yes"'),
        ({"traefik.swarm.lbswarm": "x"}, "lbswarm"),
        ({"traefik.swarm.lbswarm": "1", "traefik.docker.network": "n"}, "only those with swarm"),
        ({"Traefik.enable": "true"}, "small letters"),
    ],
)
def test_what_cannot_be_meant(labels: dict[str, str], sentence: str) -> None:
    with pytest.raises(Unusable, match=sentence):
        own(labels, "swarm", True)

from __future__ import annotations

import pytest

from tulle.api import kinds
from tulle.api.problems import Problem


@pytest.mark.parametrize("word", ["service", "Services", "svc", "native.service"])
def test_a_kind_has_many_names(word: str) -> None:
    assert "native/service" in kinds.named(word)


def test_plurals_are_english() -> None:
    assert kinds.named("meshes") == kinds.named("mesh") == {"native/mesh"}
    assert kinds.named("ns") == {"core/namespace"}


def test_a_group_tells_kinds_of_one_name_apart() -> None:
    assert kinds.named("namespace.") == {"core/namespace"}
    with pytest.raises(Problem, match="there is no kind"):
        kinds.named("namespace.other.test")


def test_an_unknown_kind_is_a_problem_with_a_hint() -> None:
    with pytest.raises(Problem, match='there is no kind "servce"; did you mean "service"'):
        kinds.named("servce")


def test_kinds_of_several_protocols_have_one_name() -> None:
    routers = {f"traefik/{protocol}-router" for protocol in ("http", "tcp", "udp")}
    assert kinds.named("router") == kinds.named("routers") == routers
    assert kinds.named("tcp-routers") == kinds.named("tcp-router") == {"traefik/tcp-router"}
    assert kinds.named("middlewares") == {"traefik/http-middleware", "traefik/tcp-middleware"}

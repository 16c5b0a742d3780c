from __future__ import annotations

import pytest

from tests.flow.edge.building import http, mesh, told
from tulle.flow.edge import crowds

HOSTS = "\n    ".join(f"h{number}: {{rule: Host(`h{number}.test`), service: s}}" for number in range(10))
WIDE = "w: {rule: PathPrefix(`/everywhere`), service: s}\n    v: {rule: PathPrefix(`/a`), service: s}"


@pytest.fixture(autouse=True)
def _few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crowds, "MOST", 9)


def test_routers_for_every_host_are_too_many_beside_many_hosts() -> None:
    assert told(mesh(http(f"{HOSTS}\n    {WIDE}"))) == [
        "15: router v: 2 routers for every host come before those of up to 10 hosts, where the gateway keeps 20 copies "
        "of them; give them hosts, a lower priority, or an entry point of their own"
    ]


def test_where_the_router_of_a_host_takes_everything_they_are_none() -> None:
    assert not told(mesh(http(f"{HOSTS}\n    w: {{rule: PathPrefix(`/everywhere`), service: s, priority: 1}}")))


def test_hosts_that_are_divided_further_have_them_too() -> None:
    divided = HOSTS.replace("`)", "`) && Path(`/x`)")
    (finding,) = told(mesh(http(f"{divided}\n    w: {{rule: PathPrefix(`/e`), service: s, priority: 1}}")))
    assert "10 copies" in finding


def test_few_hosts_have_room_for_them() -> None:
    assert not told(mesh(http(f"a: {{rule: Host(`a.test`), service: s}}\n    {WIDE}")))

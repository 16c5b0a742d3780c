from __future__ import annotations

import pytest

from tests.flow.edge.building import file, http, mesh, told
from tests.flow.edge.services import name, pool
from tulle.flow.edge import sticking
from tulle.model.routers import Sticky


def test_values_are_those_of_traefik() -> None:
    # Observed with Traefik 3.7.
    assert sticking.value("http://127.0.0.1:19912") == "07a2daa2ff7d52b8"
    assert sticking.value("s") == "043a718774c572bd"
    assert sticking.old_values("s")[0] == "s"
    assert len(sticking.old_values("s")) == 3


def test_names_and_attributes() -> None:
    assert sticking.cookie(file("s"), Sticky(name="c")) == "c"
    assert sticking.cookie(file("s"), Sticky()).startswith("_")
    assert len(sticking.cookie(file("s"), Sticky())) == 6
    every = Sticky(path="/x", domain=".a.test", max_age=5, same_site="lax", is_secure=True, is_http_only=True)
    assert sticking.attributes(every) == "; Path=/x; Domain=a.test; Max-Age=5; HttpOnly; Secure; SameSite=Lax"
    assert sticking.attributes(Sticky(path="")) == ""


def test_odd_characters_end_no_text() -> None:
    assert sticking.told("a=b; Path=/") == "%CEL(has(upstream.address) ? 'a=b; Path=/' : '')%"
    assert "'\\U00000025\\U00000027\\U00000029x'" in sticking.told("%')\nx")


def test_servers_that_keep_clients() -> None:
    services = """
  services:
    s: {loadBalancer: {servers: [{url: "http://10.0.0.1"}, {url: "http://10.0.0.2", weight: 0}], sticky: {}}}
"""
    found = mesh(http("r: {rule: Path(`/`), service: s}", services=services))
    assert told(found) == []


def test_names_and_values_are_those_of_traefik() -> None:
    assert sticking.cookie(name("one"), Sticky()) == "_16d24"
    assert sticking.cookie(name("one"), Sticky(name="who")) == "who"
    assert sticking.value("http://127.0.0.1:19912") == "07a2daa2ff7d52b8"


def test_values_of_former_versions_are_known() -> None:
    plain, once, twice = sticking.old_values("a")
    assert (plain, once) == ("a", "af63bd4c8601b7be")
    assert twice == sticking.old_values(once)[1]


@pytest.mark.parametrize(
    ("sticky", "expected"),
    [
        (Sticky(), "; Path=/"),
        (Sticky(path="", same_site="default"), ""),
        (Sticky(max_age=-1, same_site="lax"), "; Path=/; Max-Age=0; SameSite=Lax"),
        (
            Sticky(domain="a.test", max_age=60, is_http_only=True, is_secure=True, same_site="strict"),
            "; Path=/; Domain=a.test; Max-Age=60; HttpOnly; Secure; SameSite=Strict",
        ),
    ],
)
def test_attributes_are_written_as_go_does(sticky: Sticky, expected: str) -> None:
    assert sticking.attributes(sticky) == expected


def test_servers_are_known_by_address_where_they_have_one() -> None:
    stay = sticking.stay(pool("one", "10.0.0.1:80", "a.test:80", "::1:80"), Sticky(name="who"))
    assert [each.address for each in stay.places] == ["10.0.0.1:80", "", "[::1]:80"]
    assert stay.places[1].value == sticking.value("http://a.test:80")

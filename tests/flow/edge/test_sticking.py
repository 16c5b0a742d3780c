from __future__ import annotations

import pytest

from tests.flow.edge.services import name, pool
from tulle.flow.edge import sticking
from tulle.model.routers import Sticky


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

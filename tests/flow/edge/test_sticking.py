from __future__ import annotations

from tests.flow.edge.building import file, http, mesh, told
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


def test_servers_that_keep_clients() -> None:
    services = """
  services:
    s: {loadBalancer: {servers: [{url: "http://10.0.0.1"}, {url: "http://10.0.0.2", weight: 0}], sticky: {}}}
"""
    found = mesh(http("r: {rule: Path(`/`), service: s}", services=services))
    assert told(found) == []

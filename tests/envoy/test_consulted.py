from __future__ import annotations

from dataclasses import replace

from tests.envoy.kitchen import http, service
from tests.envoy.policies import allow, authorizer, custom, guard, token_rule, tokens
from tulle.envoy import consulted
from tulle.envoy.callers import Caller
from tulle.envoy.consulted import NOBODY
from tulle.model.guards import Guard
from tulle.model.mesh import Mesh
from tulle.model.names import Name

MESH = Mesh(services={each.name: each for each in (service("checker", http(80)), service("keys", http(80)))})
ME = Caller(namespace="default", account="web")


def found(of: Guard, mesh: Mesh = MESH) -> dict[str, str]:
    return dict(consulted.consulted(mesh, of, ME).names)


def test_most_guards_ask_nobody() -> None:
    assert consulted.consulted(MESH, guard(), ME) is NOBODY
    assert consulted.consulted(MESH, guard(allow(), authorizers=(authorizer("a", "checker"),)), ME) is NOBODY
    assert consulted.consulted(MESH, guard(tokens=(tokens(token_rule(jwks="{}")),)), ME) is NOBODY


def test_authorizers_are_services_of_the_mesh() -> None:
    several = tuple(authorizer(name, "checker") for name in ("a", "b"))
    asking = guard(custom("a"), custom("b"), authorizers=several)
    cluster = "outbound|80||checker.default"
    assert found(asking) == {"authorizer a": cluster, "authorizer b": cluster}
    assert [each.name for each in consulted.consulted(MESH, asking, ME).clusters] == [cluster]


def test_who_does_not_exist_cannot_be_asked() -> None:
    absent = authorizer("a", "checker")
    subset = replace(absent, check=replace(absent.check, backend=replace(absent.check.backend, subset="v9")))
    for missing in (authorizer("a", "ghost"), authorizer("a", "checker", 81), subset):
        assert found(guard(custom("a"), authorizers=(missing,))) == {}
    assert found(guard(custom("b"), authorizers=(authorizer("a", "checker"),))) == {}


def test_keys_are_inside_or_outside() -> None:
    def asking(*uris: str) -> Guard:
        return guard(tokens=(tokens(*(token_rule(jwks_uri=uri) for uri in uris)),))

    inside, outside, secure, bad = "http://keys/k", "http://keys.example/k", "https://keys/k", "rubbish"
    assert found(asking(inside, outside, secure, bad)) == {
        f"issuer {inside}": "outbound|80||keys.default",
        f"issuer {outside}": "issuer|http|keys.example:80",
        f"issuer {secure}": "issuer|https|keys:443",
    }
    depends = consulted.dependencies(MESH, asking(inside, outside, "http://later/k"))
    assert {each for each in depends if each.namespace} == {Name("default", "keys"), Name("default", "later")}
    assert Name("", "keys.example") in depends


def test_a_change_of_an_authorizer_concerns_who_asks_it() -> None:
    asking = guard(custom("a"), authorizers=(authorizer("a", "ghost"),))
    assert consulted.dependencies(MESH, asking) == {Name("default", "ghost")}
    assert [each.service.name for each in consulted.backends(asking)] == ["ghost"]

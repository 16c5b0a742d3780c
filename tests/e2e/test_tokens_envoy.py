"""Real Envoys look at tokens: good, bad and missing ones, and an issuer that goes away."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.e2e import guarded
from tests.e2e.applications import Server, served
from tests.e2e.guarded import World
from tests.e2e.jwt import ISSUER, key_set, token
from tests.e2e.machine import eventually
from tests.envoy.policies import allow, guard, source, token_rule, tokens, when
from tulle.envoy.filters import tokens as tokens_filter
from tulle.model.guards import Guard
from tulle.model.security import RequestAuthentication

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]
SECOND = "https://second.example"
GOOD = token()
NOW = int(datetime.now(UTC).timestamp())
ONE = tokens(token_rule(jwks=key_set()))
CLAIMS = ("request.auth.claims[group]", "admin", "dev-*")
GUARDS: dict[str, Guard] = {
    "one": guard(tokens=(tokens(token_rule(jwks=key_set(), audiences=("shop",))),)),
    "two": guard(
        tokens=(
            tokens(token_rule(jwks=key_set())),
            tokens(token_rule(SECOND, jwks=key_set("second")), name="others"),
        )
    ),
    "elsewhere": guard(
        tokens=(
            tokens(token_rule(jwks=key_set(), headers=(("x-jwt", "JWT "),), parameters=("jwt",), cookies=("session",))),
        )
    ),
    "told": guard(
        tokens=(
            tokens(
                token_rule(
                    jwks=key_set(),
                    payload_header="x-payload",
                    claim_headers=(("x-user", "sub"), ("x-team", "org.team")),
                    forwards_token=True,
                )
            ),
        )
    ),
    "required": guard(allow(source(request_principals=("*",))), tokens=(ONE,)),
    "who": guard(allow(source(request_principals=(f"{ISSUER}/alice",))), tokens=(ONE,)),
    "whoever": guard(allow(source(not_request_principals=(f"{ISSUER}/*",))), tokens=(ONE,)),
    "claims": guard(allow(when(*CLAIMS)), tokens=(ONE,)),
    "nested": guard(allow(when("request.auth.claims[realm][roles]", "admin")), tokens=(ONE,)),
    "scope": guard(
        allow(when("request.auth.claims[scope]", "write"), when("request.auth.claims[areas]", "north")),
        tokens=(tokens(token_rule(jwks=key_set(), space_delimited_claims=("areas",))),),
    ),
    "audience": guard(allow(when("request.auth.audiences", "shop")), tokens=(ONE,)),
    "presenter": guard(allow(when("request.auth.presenter", "app")), tokens=(ONE,)),
    "principal": guard(allow(when("request.auth.principal", "*/alice")), tokens=(ONE,)),
}
CASES: list[tuple[str, str, int]] = [
    ("one", "", 200),
    ("one", token(aud="shop"), 200),
    ("one", token(aud=["bar", "shop"]), 200),
    ("one", token(aud="shop", exp=NOW - 3600), 401),
    ("one", token(aud="shop", nbf=NOW + 3600), 401),
    ("one", token(aud="shop", iss=SECOND), 401),
    ("one", token(aud="bar"), 403),
    ("one", token(), 403),
    ("one", token("second", aud="shop"), 401),
    ("one", token(aud="shop")[:-8] + "AAAAAAAA", 401),
    ("one", "rubbish", 401),
    ("two", "", 200),
    ("two", token(), 200),
    ("two", token("second", iss=SECOND), 200),
    ("two", token("second"), 401),
    ("two", token("first", iss=SECOND), 401),
    ("required", token(), 200),
    ("required", "", 403),
    ("required", "rubbish", 401),
    ("who", token(), 200),
    ("who", token(sub="bob"), 403),
    ("whoever", token(), 403),
    ("whoever", "", 200),
    ("claims", token(group="admin"), 200),
    ("claims", token(group=["guest", "dev-1"]), 200),
    ("claims", token(group="guest"), 403),
    ("claims", token(), 403),
    ("claims", "", 403),
    ("nested", token(realm={"roles": ["admin"]}), 200),
    ("nested", token(realm={"roles": ["guest"]}), 403),
    ("nested", token(realm="admin"), 403),
    ("scope", token(scope="read write", areas="south north"), 200),
    ("scope", token(scope="read", areas="north"), 403),
    ("audience", token(aud=["a", "shop"]), 200),
    ("audience", token(aud="bar"), 403),
    ("presenter", token(azp="app"), 200),
    ("presenter", token(azp="other"), 403),
    ("principal", token(), 200),
    ("principal", token(sub="bob"), 403),
]


def bearer(text: str) -> dict[str, str]:
    return {"authorization": f"Bearer {text}"} if text else {}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    gateway = guard(allow(source(request_principals=("*",))), tokens=(ONE,))
    with guarded.world(GUARDS, tmp_path_factory.mktemp("tokens"), gateway=gateway) as found:
        yield found


@pytest.mark.parametrize(("target", "text", "status"), CASES)
def test_tokens_are_good_or_bad(world: World, target: str, text: str, status: int) -> None:
    for _ in range(2):
        # The second time it may be remembered.
        answer = world.call(target, **bearer(text))
        assert (answer.status, bool(answer.reason)) == (status, status != 200), answer


def test_a_bad_token_has_a_reason(world: World) -> None:
    answer = world.call("one", **bearer(token(aud="bar")))
    assert answer.reason == (
        "the token of the request is no good: jwt_authn_access_denied{Audiences_in_Jwt_are_not_allowed}"
    )


@pytest.mark.parametrize(
    "request_",
    [{"x_jwt": f"JWT {GOOD}"}, {"path": f"/?jwt={GOOD}"}, {"cookie": f"a=b; session={GOOD}"}],
)
def test_tokens_are_found_where_they_are_said_to_be(world: World, request_: dict[str, str]) -> None:
    assert world.call("elsewhere", **request_).status == 200
    bad = {name: value.replace(GOOD, token(iss=SECOND)) for name, value in request_.items()}
    assert world.call("elsewhere", **bad).status == 401


def test_a_token_elsewhere_is_not_looked_at(world: World) -> None:
    assert world.call("elsewhere", **bearer("rubbish")).status == 200


def test_applications_learn_what_they_are_to_learn(world: World) -> None:
    mine = token(org={"team": "blue"})
    seen = world.call("told", x_user="mallory", **bearer(mine)).json["headers"]
    assert (seen["x-user"], seen["x-team"], seen["x-payload"]) == ("alice", "blue", mine.split(".")[1])
    assert seen["authorization"] == f"Bearer {mine}"
    assert "authorization" not in world.call("who", **bearer(mine)).json["headers"]
    assert "x-user" not in world.call("told", x_user="mallory").json["headers"]


def test_browsers_may_ask_without_a_token(world: World) -> None:
    headers = {"origin": "https://page.example", "access_control_request_method": "PUT"}
    assert world.call("one", method="OPTIONS", **headers, **bearer("rubbish")).status != 401


@pytest.mark.parametrize(("text", "status"), [("", 403), ("rubbish", 401), (token(), 200)])
def test_a_gateway_looks_at_tokens(world: World, text: str, status: int) -> None:
    assert world.call("edge", "nobody", **bearer(text)).status == status


class Issuer:
    """A server of keys that can go away."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self.handler: type[guarded.Keys] = type("Mine", (guarded.Keys,), {"keys": key_set()})
        self.port = self._stack.enter_context(served(Server(("127.0.0.1", 0), self.handler)))

    def goes_away(self) -> None:
        self._stack.close()

    def policy(self, jwks: str = "", place: str = "http://127.0.0.1") -> RequestAuthentication:
        return tokens(token_rule(jwks_uri=f"{place}:{self.port}/keys.json", jwks=jwks, timeout=1.0))


@contextmanager
def fetching(issuer: Issuer, directory: Path) -> Iterator[World]:
    """An Envoy with fetched keys, and with keys that were kept beside them; every second it asks for new ones."""
    everybody = allow(source(request_principals=("*",)))
    guards = {
        "fetched": guard(everybody, tokens=(issuer.policy(),)),
        "kept": guard(everybody, tokens=(issuer.policy(key_set()),)),
        "kept-tls": guard(everybody, tokens=(issuer.policy(key_set(), "https://localhost"),)),
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tokens_filter, "REFRESH", 1.0)
        patch.setattr(tokens_filter, "PATIENCE", 0.2)
        with guarded.world(guards, directory) as found:
            yield found


def failures(world: World) -> int:
    return world.statistics()["http.in.jwt_authn.jwks_fetch_failed"]


def test_an_issuer_that_goes_away_locks_nobody_out(tmp_path: Path) -> None:
    issuer = Issuer()
    with fetching(issuer, tmp_path) as world:
        assert {world.call(each, **bearer(token())).status for each in ("fetched", "kept")} == {200}
        assert world.call("fetched", **bearer(token("second"))).status == 401
        issuer.goes_away()
        before = failures(world)
        # Long after the keys should have been replaced, and many attempts later.
        eventually(lambda: failures(world) > before + 10)
        for each in ("fetched", "kept"):
            assert world.call(each, **bearer(token(sub="bob"))).status == 200
            assert world.call(each, **bearer(token("second"))).status == 401
            assert world.call(each).status == 403


def test_an_envoy_that_starts_without_its_issuer_uses_the_keys_that_were_kept(tmp_path: Path) -> None:
    issuer = Issuer()
    issuer.goes_away()
    with fetching(issuer, tmp_path) as world:
        for each in ("kept", "kept-tls"):
            assert world.call(each, **bearer(token())).status == 200
            assert world.call(each, **bearer(token("second"))).status == 401
        assert world.call("fetched", **bearer(token())).status == 401


def test_new_keys_are_found(tmp_path: Path) -> None:
    issuer = Issuer()
    with fetching(issuer, tmp_path) as world:
        assert world.call("kept", **bearer(token("third"))).status == 401
        issuer.handler.keys = key_set("first", "third")
        for each in ("fetched", "kept"):
            eventually(lambda each=each: world.call(each, **bearer(token("third"))).status == 200)  # type: ignore[misc]
            assert world.call(each, **bearer(token())).status == 200
        issuer.goes_away()

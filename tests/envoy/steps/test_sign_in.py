from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.envoy.kitchen import HERE, backend
from tests.envoy.policies import sign_in, token_rule
from tulle.envoy.steps import sign_in as signing
from tulle.envoy.steps.parts import Native, Part, Where, Work
from tulle.kit.web_keys import NO_KEYS
from tulle.model.mesh import Settings
from tulle.model.names import Name
from tulle.model.routes import Forward, Respond, RouteRule, RouteSet
from tulle.model.steps import AddPrefix, Cookie, Endpoints

WHERE = Where("0", "router/1")
ENDPOINTS = Endpoints(authorization="https://id.example/authorize?a=b", token="https://id.example:444/token")


def parts(**more: Any) -> tuple[Part, ...]:
    return signing.sign_in(sign_in(**more), WHERE)


def configs(**more: Any) -> tuple[Any, Any]:
    """Of the filter that lets people sign in, and of the one that reads their tokens."""
    (native,) = (each for each in parts(**more) if isinstance(each, Native))
    first, second = native.filters
    return first["typed_config"]["config"], second["typed_config"]["providers"]["id"]


def test_what_envoy_is_told() -> None:
    found, _ = configs(endpoints=ENDPOINTS, parameters=(("hd", "x y"),), scopes=("openid", "email"), domain="example")
    assert found["token_endpoint"]["cluster"] == "issuer|https|id.example:444"
    assert found["authorization_endpoint"] == "https://id.example/authorize?a=b&hd=x+y"
    assert (found["auth_type"], found["auth_scopes"]) == ("URL_ENCODED_BODY", ["openid", "email"])
    assert found["redirect_uri"] == "%REQ(x-forwarded-proto)%://%REQ(:authority)%/callback"
    assert found["redirect_path_matcher"] == {"path": {"exact": "/callback"}}
    assert found["signout_path"] == {"path": {"exact": signing.NEVER}}
    assert found["credentials"]["cookie_domain"] == "example"
    assert "end_session_endpoint" not in found


def test_a_whole_url_to_come_back_to() -> None:
    found, _ = configs(callback="https://shop.example/a%20b?c")
    assert found["redirect_uri"] == "https://shop.example/a%%20b?c"
    assert found["redirect_path_matcher"] == {"path": {"exact": "/a%20b"}}


def test_what_the_provider_says() -> None:
    provided = Endpoints(authorization="https://a/", token="https://t/", end_session="https://e/", takes_form=False)
    found, _ = configs(endpoints=provided)
    assert (found["authorization_endpoint"], found["end_session_endpoint"]) == ("https://a/", "https://e/")
    assert found["auth_type"] == "BASIC_AUTH"


def test_secrets_are_only_named() -> None:
    step = sign_in(seal="hidden")
    name = signing.secret_name(step)
    (_, native, _) = signing.sign_in(step, WHERE)
    assert isinstance(native, Native)
    credentials = native.filters[0]["typed_config"]["config"]["credentials"]
    assert credentials["token_secret"]["name"] == f"secret-sign-in|{name.namespace}/{name.name}"
    assert credentials["hmac_secret"]["name"] == f"secret-seal|{name.namespace}/{name.name}"
    assert "hidden" not in repr(native) and "hidden" not in repr(step)
    assert signing.secret_name(sign_in("other")) != name


def test_tokens_must_be_of_the_provider() -> None:
    rule = token_rule(issuer="https://id.example", audiences=("shop",), jwks="{}", claim_headers=(("X-Who", "sub"),))
    _, found = configs(rule=rule)
    assert (found["issuer"], found["audiences"], found["from_cookies"]) == ("https://id.example", ["shop"], ["s"])
    assert found["local_jwks"] == {"inline_string": "{}"}
    assert found["claim_to_headers"] == [{"header_name": "X-Who", "claim_name": "sub"}]
    assert configs()[1]["local_jwks"] == {"inline_string": NO_KEYS}


def test_who_is_sent_to_the_provider() -> None:
    usual = list(signing.PROGRAMS)
    assert configs()[0]["deny_redirect_matcher"] == usual
    assert configs(leads_nowhere=True)[0]["deny_redirect_matcher"][0] == {"name": ":path", "present_match": True}
    (first, *rest) = configs(login="/a.b")[0]["deny_redirect_matcher"]
    assert first["string_match"] == {"safe_regex": {"regex": r"/a\.b(\?.*)?"}} and first["invert_match"]
    assert rest == usual


def test_cookies() -> None:
    session, state = Cookie(name="a", path="/x", same_site="strict"), Cookie(name="b", same_site="")
    found, _ = configs(session=session, state=state)
    names = found["credentials"]["cookie_names"]
    assert (names["id_token"], names["oauth_hmac"], names["oauth_nonce"]) == ("a", "a-proof", "b")
    assert found["cookie_configs"]["id_token_cookie_config"] == {"path": "/x", "same_site": "STRICT"}
    assert found["cookie_configs"]["code_verifier_cookie_config"] == {"path": "/", "same_site": "DISABLED"}
    assert len(found["cookie_configs"]) == len(names) == len(set(names.values()))


def test_services_do_not_see_cookies() -> None:
    _, _, after = parts()
    assert isinstance(after, Work)
    (only,) = after.request
    assert only["op"] == "drop_cookies" and {"s", "s-refresh", "t-verifier", "s-again"} < set(only["cookies"])


def test_who_has_no_good_token_any_more_signs_in_again() -> None:
    before, _, _ = parts(domain="example", session=Cookie(name="s", path="/p"))
    assert isinstance(before, Work)
    (noted,), (again,) = before.request, before.answer
    assert noted == {"op": "note_sign_in", "note": "0", "again": "s-again"}
    assert again["cookies"][0] == "s=deleted; path=/p; domain=example; expires=Thu, 01 Jan 1970 00:00:00 GMT"
    assert again["cookies"][-1].startswith("s-again=1; path=/p; domain=example; Max-Age=60; Secure")
    assert len(again["cookies"]) == len(signing.SESSION) + 1


def test_where_people_go_on() -> None:
    before, _, after = parts(login="/in", after_login="/home", logout="/out", after_logout="/bye")
    assert isinstance(before, Work) and isinstance(after, Work)
    assert before.request[1:] == ({"op": "note_leaving", "note": "0", "path": "/out"},)
    assert before.answer[1:] == ({"op": "leave", "note": "0", "to": "/bye"},)
    assert after.request[1] == {"op": "go_on", "path": "/in", "to": "/home"}
    (before, *_) = parts(logout="/out")
    assert isinstance(before, Work) and len(before.request) == len(before.answer) == 1


def test_before_anything_is_known_nobody_passes() -> None:
    (only,) = parts(endpoints=None)
    assert isinstance(only, Work)
    assert only.request == ({"op": "refuse", "status": 503, "body": signing.LATER},)


def test_a_place_that_is_none() -> None:
    with pytest.raises(ValueError, match="is no address"):
        parts(endpoints=Endpoints(authorization="https://a/", token="nowhere"))


def test_clusters_are_there_once() -> None:
    nobody = Endpoints(authorization="https://a/", token="nowhere")
    steps = (sign_in(), AddPrefix(prefix="/"), sign_in("o"), sign_in("p", endpoints=None), sign_in(endpoints=nobody))
    sets = (routes(steps=steps), routes(steps=steps))
    (cluster,) = signing.clusters(sets, Settings())
    assert cluster.name == "issuer|https|id.example:443"
    assert len(signing.secrets(sets)) == 2 * 3


def test_steps_of_shares_count_too() -> None:
    share = replace(backend("web"), steps=(sign_in(),))
    sets = (routes(action=Forward(backends=(share,))), routes(action=Respond(status=418)))
    assert len(tuple(signing.clusters(sets, Settings()))) == 1
    assert {name.partition("|")[0] for name in signing.secrets(sets)} == {"secret-sign-in", "secret-seal"}


def routes(**more: Any) -> RouteSet:
    given: dict[str, Any] = {"action": Forward(backends=(backend("web"),)), **more}
    rule = RouteRule(name="r", origin=HERE, matches=(), **given)
    return RouteSet(name=Name("@file", "r"), origin=HERE, hosts=("*",), rules=(rule,))

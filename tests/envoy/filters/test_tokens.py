from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from tests.envoy.decoded import Json, as_json
from tests.envoy.policies import guard, token_rule, tokens
from tulle.envoy.filters import tokens as filter_
from tulle.envoy.filters.base import Chain, Side
from tulle.kit.web_keys import NO_KEYS, key_set
from tulle.model.mesh import Settings
from tulle.model.security import RequestAuthentication, TokenRule

URI = "https://issuer.example/keys"
CLUSTERS = ((f"issuer {URI}", "c"),)


def placed(*policies: RequestAuthentication, side: Side = Side.INBOUND) -> Json:
    chain = Chain(side=side, settings=Settings(), guard=guard(tokens=policies), clusters=CLUSTERS)
    found = filter_.place(chain)
    assert found is not None
    config: Json = as_json(found)["typed_config"]
    return config


def provider(rule: TokenRule, name: str = "", **more: Any) -> Json:
    found: Json = placed(tokens(rule), **more)["providers"][f"tokens.default|{rule.issuer}{name}"]
    return found


def names(requirement: Json) -> list[str]:
    found = requirement["requires_any"]["requirements"]
    return [each.get("provider_name", "missing") for each in found]


def test_it_stands_where_tokens_are_looked_at() -> None:
    one = guard(tokens=(tokens(token_rule(jwks="{}")),))
    for chain in (
        Chain(side=Side.INBOUND, settings=Settings()),
        Chain(side=Side.INBOUND, settings=Settings(), guard=guard()),
        Chain(side=Side.INBOUND, settings=Settings(), guard=guard(tokens=(tokens(),))),
        Chain(side=Side.OUTBOUND, settings=Settings(), guard=one),
    ):
        assert filter_.place(chain) is None


def test_a_bad_token_is_refused_and_none_is_fine() -> None:
    found = placed(tokens(token_rule(jwks="{}")))
    (rule,) = found["rules"]
    assert rule["match"] == {"prefix": "/"}
    assert names(rule["requires"]) == ["tokens.default|https://issuer.example", "missing"]
    assert found["bypass_cors_preflight"] is True


def test_several_issuers_may_look_in_the_same_place() -> None:
    found = placed(tokens(token_rule("b", jwks="{}")), tokens(token_rule("a", jwks="{}"), name="other"))
    requirement = found["rules"][0]["requires"]
    assert names(requirement) == ["other.default|a", "tokens.default|b", "missing"]
    every = requirement["requires_any"]["requirements"][-1]["requires_all"]["requirements"]
    assert [names(each) for each in every] == [["other.default|a", "missing"], ["tokens.default|b", "missing"]]


def test_an_issuer_may_stand_there_twice() -> None:
    found = placed(tokens(token_rule(jwks="{}"), token_rule(jwks='{"keys":[]}')))
    assert sorted(found["providers"]) == [
        "tokens.default|https://issuer.example",
        "tokens.default|https://issuer.example|2",
    ]


def test_what_a_rule_says() -> None:
    rule = token_rule(
        jwks="{}",
        audiences=("a",),
        headers=(("x", "X "),),
        parameters=("p",),
        cookies=("c",),
        payload_header="x-p",
        claim_headers=(("x-s", "sub"),),
        forwards_token=True,
        space_delimited_claims=("areas", "scope"),
    )
    found = provider(rule)
    assert found == {
        "issuer": "https://issuer.example",
        "audiences": ["a"],
        "forward": True,
        "forward_payload_header": "x-p",
        "from_headers": [{"name": "x", "value_prefix": "X "}],
        "from_params": ["p"],
        "from_cookies": ["c"],
        "payload_in_metadata": "payload",
        "normalize_payload_in_metadata": {"space_delimited_claims": ["areas", "permission", "scope"]},
        "claim_to_headers": [{"header_name": "x-s", "claim_name": "sub"}],
        "local_jwks": {"inline_string": "{}"},
        "jwt_cache_config": {"jwt_cache_size": 1000},
    }


def test_routes_of_a_gateway_may_ask_for_claims() -> None:
    assert provider(token_rule(jwks="{}"), side=Side.GATEWAY)["clear_route_cache"] is True


def test_keys_are_fetched_again_and_again() -> None:
    found = provider(token_rule(jwks_uri=URI, timeout=2.0), "|fetched")
    assert found["remote_jwks"] == {
        "http_uri": {"uri": URI, "cluster": "c", "timeout": "2s"},
        "cache_duration": "300s",
        "async_fetch": {"failed_refetch_duration": "5s"},
        "retry_policy": {"num_retries": 2},
    }
    # What one key once said must not count after it is gone.
    assert "jwt_cache_config" not in found


def test_keys_that_were_kept_come_first() -> None:
    found = placed(tokens(token_rule(jwks_uri=URI, jwks="{}")))
    own = "tokens.default|https://issuer.example"
    assert names(found["rules"][0]["requires"]) == [own, f"{own}|fetched", "missing"]
    assert found["providers"][f"{own}|fetched"]["remote_jwks"]["async_fetch"]["fast_listener"] is True
    assert found["providers"][own]["local_jwks"] == {"inline_string": "{}"}


def test_without_keys_no_token_is_good() -> None:
    assert provider(token_rule(jwks_uri="rubbish"))["local_jwks"] == {"inline_string": NO_KEYS}
    assert key_set(json.loads(NO_KEYS)["keys"]) == (NO_KEYS, ())


def test_a_listener_that_is_there_already_does_not_wait_for_keys() -> None:
    of = guard(tokens=(tokens(token_rule(jwks_uri=URI)),))
    chain = Chain(side=Side.INBOUND, settings=Settings(), guard=of, clusters=CLUSTERS, owner="inbound|p")
    ((name, (placed_,), _),) = filter_.slots(chain)
    assert name == "tokens"
    assert "'fast_listener': True" in str(as_json(placed_))
    ((_, nothing, _),) = filter_.slots(replace(chain, guard=guard()))
    assert nothing == ()

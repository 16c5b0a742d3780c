from __future__ import annotations

from typing import Any

from tests.envoy.policies import token_rule
from tulle.envoy.steps import tokens
from tulle.envoy.steps.parts import Native, Where
from tulle.kit.web_keys import NO_KEYS
from tulle.model.steps import VerifyToken


def verified(**more: Any) -> Any:
    (part,) = tokens.verify(VerifyToken(rule=token_rule(**more)), Where("0", "router/1"))
    assert isinstance(part, Native)
    (found,) = part.filters
    return found["typed_config"]["providers"]["token"]


def test_everything_that_a_rule_says() -> None:
    found = verified(
        jwks="{}",
        audiences=("a",),
        headers=(("Authorization", "Bearer "),),
        parameters=("token",),
        claim_headers=(("X-Who", "sub"),),
        forwards_token=True,
    )
    assert found["local_jwks"] == {"inline_string": "{}"} and found["audiences"] == ["a"] and found["forward"]
    assert found["from_headers"] == [{"name": "Authorization", "value_prefix": "Bearer "}]
    assert found["from_params"] == ["token"]
    assert found["claim_to_headers"] == [{"header_name": "X-Who", "claim_name": "sub"}]


def test_without_keys_nobody_passes() -> None:
    assert verified(jwks_uri="http://keys")["local_jwks"] == {"inline_string": NO_KEYS}

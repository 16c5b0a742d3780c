from __future__ import annotations

import pytest

from tests.envoy.decoded import as_json
from tests.envoy.kitchen import HERE
from tests.envoy.policies import allow, custom, deny, guard, policy, token_rule, tokens
from tulle.envoy.filters.base import Chain, Side
from tulle.envoy.refusals import refusals
from tulle.model.guards import Guard
from tulle.model.mesh import Settings
from tulle.model.security import Rule

FROM = "from %DOWNSTREAM_PEER_URI_SAN%"
NATIVE = (Rule(origin=HERE),)


def texts(of: Guard | None, side: Side = Side.INBOUND) -> list[str]:
    return [text for _, text in refusals(Chain(side=side, settings=Settings(), guard=of))]


@pytest.mark.parametrize(
    ("of", "expected"),
    [
        (None, []),
        (guard(), []),
        (guard(deny(is_dry_run=True), tokens=(tokens(),)), []),
        (guard(allow=NATIVE), [f'service "web.default" does not allow this request {FROM}']),
        (guard(allow()), [f'policy "let.default" does not allow this request {FROM}']),
        (
            guard(allow(), policy("too", "allow"), allow=NATIVE),
            [f'service "web.default" or policies "let.default", "too.default" do not allow this request {FROM}'],
        ),
        (
            guard(*(policy(name, "allow") for name in "abcde")),
            [f'policies "a.default", "b.default", "c.default" and 2 more do not allow this request {FROM}'],
        ),
        (guard(policy("100%", "deny")), [f'policy "100%%.default" denies this request {FROM}']),
        (
            guard(custom("x"), tokens=(tokens(token_rule(jwks="{}")),)),
            [
                "the token of the request is no good: %RESPONSE_CODE_DETAILS%",
                'the authorizer of service "web.default" did not agree: %RESPONSE_CODE_DETAILS%',
                'there is no authorizer "x" for policy "ask.default"',
            ],
        ),
    ],
)
def test_reasons(of: Guard | None, expected: list[str]) -> None:
    assert texts(of) == expected


def test_a_gateway_does_not_know_its_callers() -> None:
    assert texts(guard(deny(), custom("x")), Side.GATEWAY) == [
        "the authorizer of the gateway did not agree: %RESPONSE_CODE_DETAILS%",
        'policy "no.default" denies this request',
        'there is no authorizer "x" for policy "ask.default"',
    ]
    assert texts(guard(deny()), Side.OUTBOUND) == []


def test_who_denied_is_known_by_the_details() -> None:
    ((condition, _),) = refusals(Chain(side=Side.INBOUND, settings=Settings(), guard=guard(deny())))
    expression = as_json(condition)["extension_filter"]["typed_config"]["expression"]
    assert expression == 'response.code_details.startsWith("rbac_access_denied_matched_policy[no.default/")'

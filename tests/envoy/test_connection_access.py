from __future__ import annotations

import pytest

from tests.envoy.decoded import Json, as_json
from tests.envoy.kitchen import HERE
from tests.envoy.policies import allow, authorizer, custom, deny, guard, policy
from tulle.envoy import connection_access
from tulle.envoy.filters.base import Chain, Side
from tulle.model.guards import Guard
from tulle.model.mesh import Settings
from tulle.model.security import Rule

ASKED = (authorizer("g", "checker", is_grpc=True), authorizer("h", "checker"))
CLUSTERS = (("authorizer g", "c"), ("authorizer h", "c"))


def found(of: Guard) -> dict[str, Json]:
    chain = Chain(side=Side.INBOUND, settings=Settings(), guard=of, port=of.ports[0], clusters=CLUSTERS)
    return {each.name: as_json(each)["typed_config"] for each in connection_access.filters(chain)}


@pytest.mark.parametrize(
    ("of", "expected"),
    [
        (guard(), []),
        (guard(allow=(Rule(origin=HERE),)), ["rbac"]),
        (
            guard(allow(), deny(), policy("look", "audit"), allow=()),
            ["rbac", "rbac.audit", "rbac.deny", "rbac.allow"],
        ),
        (guard(custom("g"), authorizers=ASKED), ["custom.match.g", "custom.g"]),
        (guard(custom("h"), authorizers=ASKED), []),
        (guard(custom("x"), authorizers=ASKED), ["custom.x"]),
        (guard(custom("g", is_dry_run=True), authorizers=ASKED), []),
    ],
)
def test_what_stands_before_the_bytes(of: Guard, expected: list[str]) -> None:
    assert list(found(of)) == expected


def test_without_a_guard_nothing_does() -> None:
    for chain in (
        Chain(side=Side.GATEWAY, settings=Settings(), port=guard().ports[0]),
        Chain(side=Side.GATEWAY, settings=Settings(), guard=guard()),
    ):
        assert list(connection_access.filters(chain)) == []


def test_an_authorizer_is_asked_if_a_rule_matches() -> None:
    filters = found(guard(custom("g"), authorizers=ASKED))
    matched = filters["custom.match.g"]
    assert list(matched["shadow_rules"]["policies"]) == ["g|ask.default/1"]
    assert "rules" not in matched
    condition = filters["custom.g"]["filter_enabled_metadata"]
    assert condition["filter"] == "envoy.filters.network.rbac"
    assert condition["path"] == [{"key": f"{matched['shadow_rules_stat_prefix']}shadow_effective_policy_id"}]
    assert condition["value"] == {"string_match": {"prefix": "g|"}}


def test_who_cannot_be_asked_does_not_agree() -> None:
    assert found(guard(custom("x")))["custom.x"]["rules"]["action"] == "DENY"


def test_trials_are_watched() -> None:
    both = found(guard(deny(is_dry_run=True)))["rbac.deny"]
    assert (both["shadow_rules_stat_prefix"], "rules" in both) == ("dry_run_deny", False)

from __future__ import annotations

import pytest

from tests.envoy.decoded import Json, as_json
from tests.envoy.policies import authorizer, custom, deny, guard, operation
from tulle.envoy.filters import custom as filter_
from tulle.envoy.filters.base import Chain, Side
from tulle.model.guards import Guard
from tulle.model.mesh import Settings
from tulle.model.security import AccessPolicy

ASKED = (authorizer("a", "checker"), authorizer("b", "checker", is_grpc=True))
CLUSTERS = (("authorizer a", "c"), ("authorizer b", "c"))


def found(of: Guard | None, side: Side = Side.INBOUND) -> dict[str, Json]:
    port = of.ports[0] if of else guard().ports[0]
    chain = Chain(side=side, settings=Settings(), guard=of, port=port, clusters=CLUSTERS)
    return {each.name: as_json(each)["typed_config"] for each in filter_.place(chain)}


@pytest.mark.parametrize(
    ("of", "expected"),
    [
        (None, []),
        (guard(deny(), authorizers=ASKED), []),
        (guard(custom("a"), authorizers=ASKED), ["custom.match.a", "custom.a"]),
        (
            guard(custom("b"), custom("a"), custom("b"), authorizers=ASKED),
            ["custom.match.a", "custom.a", "custom.match.b", "custom.b"],
        ),
        (guard(custom("x"), authorizers=ASKED), ["custom.x"]),
        (guard(custom("a", is_dry_run=True), authorizers=ASKED), ["custom.dry_run.a"]),
    ],
)
def test_who_is_asked(of: Guard | None, expected: list[str]) -> None:
    assert list(found(of)) == expected


def test_only_about_requests_of_others() -> None:
    asking = guard(custom("a"), authorizers=ASKED)
    assert list(found(asking, Side.GATEWAY)) == ["custom.match.a", "custom.a"]
    assert found(asking, Side.OUTBOUND) == {}
    assert filter_.place(Chain(side=Side.GATEWAY, settings=Settings(), guard=asking)) == ()


def test_an_authorizer_is_asked_if_a_rule_matches() -> None:
    filters = found(guard(custom("a", operation(paths=("/a",))), authorizers=ASKED))
    matched = filters["custom.match.a"]
    assert list(matched["shadow_rules"]["policies"]) == ["a|ask.default/1"]
    assert "rules" not in matched
    condition = filters["custom.a"]["filter_enabled_metadata"]
    assert condition["filter"] == "envoy.filters.http.rbac"
    assert condition["path"] == [{"key": f"{matched['shadow_rules_stat_prefix']}shadow_effective_policy_id"}]
    assert condition["value"] == {"string_match": {"prefix": "a|"}}


def test_who_cannot_be_asked_does_not_agree() -> None:
    rules = found(guard(custom("x")))["custom.x"]["rules"]
    assert (rules["action"], list(rules["policies"])) == ("DENY", ["ask.default/1"])


def slots(*policies: AccessPolicy) -> dict[str, tuple[list[str], bool]]:
    of = guard(*policies, authorizers=ASKED)
    chain = Chain(side=Side.INBOUND, settings=Settings(), guard=of, port=of.ports[0], clusters=CLUSTERS, owner="x")
    return {name: ([each.name for each in filters], stands) for name, filters, stands in filter_.slots(chain)}


def test_one_authorizer_is_asked_in_a_slot_for_all_and_last() -> None:
    assert slots() == {"custom": ([], True)}
    of_a = ["custom.match.a", "custom.a"]
    assert slots(custom("a")) == {"custom.a": (of_a, False), "custom": (of_a, True)}
    found = slots(custom("a"), custom("unknown"), custom("b", is_dry_run=True))
    assert found["custom"] == (["custom.dry_run.b", "custom.unknown", *of_a], True)


def test_several_authorizers_have_slots_of_their_own() -> None:
    assert slots(custom("a"), custom("b")) == {
        "custom.a": (["custom.match.a", "custom.a"], True),
        "custom.b": (["custom.match.b", "custom.b"], True),
        # On connections without those two.
        "custom": (["custom"], False),
    }

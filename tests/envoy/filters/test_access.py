from __future__ import annotations

from dataclasses import replace

import pytest

from tests.envoy.decoded import as_json
from tests.envoy.kitchen import HERE
from tests.envoy.policies import allow, custom, deny, guard, operation, policy
from tulle.envoy.filters import access
from tulle.envoy.filters.base import Chain, Side
from tulle.model.guards import Guard
from tulle.model.mesh import Settings
from tulle.model.security import Rule


def placed(of: Guard | None, side: Side = Side.INBOUND) -> list[str]:
    chain = Chain(side=side, settings=Settings(), guard=of, port=of.ports[0] if of else None)
    return [each.name for each in access.place(chain)]


@pytest.mark.parametrize(
    ("of", "expected"),
    [
        (None, []),
        (guard(), []),
        (guard(allow=()), ["rbac"]),
        (guard(custom("x")), []),
        (
            guard(allow(), deny(), policy("look", "audit"), allow=(Rule(origin=HERE),)),
            ["rbac", "rbac.audit", "rbac.deny", "rbac.allow"],
        ),
    ],
)
def test_it_stands_where_callers_are_restricted(of: Guard | None, expected: list[str]) -> None:
    assert placed(of) == expected


def test_only_what_comes_from_others_is_restricted() -> None:
    assert placed(guard(deny()), Side.GATEWAY) == ["rbac.deny"]
    assert placed(guard(deny()), Side.OUTBOUND) == []
    assert access.place(Chain(side=Side.GATEWAY, settings=Settings(), guard=guard(deny()))) == ()


def test_policies_on_trial_are_only_watched() -> None:
    both = guard(deny(), deny(is_dry_run=True))
    watched = guard(deny(is_dry_run=True))

    def config(of: Guard) -> dict[str, object]:
        (found,) = access.place(Chain(side=Side.INBOUND, settings=Settings(), guard=of, port=of.ports[0]))
        return dict(as_json(found)["typed_config"])

    assert {"rules", "shadow_rules"} <= config(both).keys()
    assert "rules" not in config(watched)
    assert config(watched)["shadow_rules_stat_prefix"] == "dry_run_deny"


def test_all_of_it_is_delivered_in_one_place() -> None:
    by_path = guard(deny(operation(paths=("/a",))), allow=())
    chain = Chain(side=Side.INBOUND, settings=Settings(), guard=by_path, port=by_path.ports[0], owner="inbound|p")
    ((name, filters, is_standing),) = access.slots(chain)
    assert (name, is_standing) == ("rbac", True)
    # Connections that are older than the rule do not normalize paths.
    assert [each.name for each in filters] == ["rbac.paths", "rbac", "rbac.deny"]
    at_the_edge = replace(chain, side=Side.GATEWAY)
    assert [each.name for each in access.place(at_the_edge)] == ["rbac", "rbac.deny"]

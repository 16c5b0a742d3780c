from __future__ import annotations

import pytest

from tests.dialects.istio.objects import messages, only
from tulle.dialects.istio.authorization_policy import KIND
from tulle.model.security import AccessAction


@pytest.mark.parametrize("action", ["ALLOW", "DENY", "AUDIT"])
def test_actions(action: str) -> None:
    assert only(KIND, {"action": action, "rules": [{}]}).action is AccessAction(action.lower())


def test_no_rules_and_an_empty_list_of_rules_deny_alike_but_only_one_is_doubtful() -> None:
    assert only(KIND, {}).rules == ()
    assert "denies everything" in messages(KIND, {"rules": []})[0]


def test_a_rule_is_where_it_was_written() -> None:
    policy = only(KIND, {"rules": [{"to": [{"operation": {"methods": ["GET"]}}]}, {}]})
    assert [rule.origin.line for rule in policy.rules] == [7, 11]


@pytest.mark.parametrize(("text", "is_dry"), [("true", True), ("false", False)])
def test_a_policy_may_only_count(text: str, is_dry: bool) -> None:
    assert only(KIND, {}, annotations={"istio.io/dry-run": text}).is_dry_run is is_dry

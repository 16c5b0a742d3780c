from __future__ import annotations

from tulle.model.statuses import Condition, Status


def test_equal_statuses_are_equal() -> None:
    accepted = Condition(type="Accepted", status=True, reason="Accepted")
    assert Status(conditions=(accepted,)) == Status(conditions=(accepted,))

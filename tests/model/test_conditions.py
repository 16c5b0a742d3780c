from __future__ import annotations

from tulle.model.conditions import SINGLE, Comparison, Condition, Subject


def test_conditions_have_an_order_and_say_the_same_as_their_equals() -> None:
    one = Condition(Subject.HOST, Comparison.EXACT, "a")
    assert one == Condition(Subject.HOST, Comparison.EXACT, "a")
    assert sorted([Condition(Subject.PATH, Comparison.EXACT, "/"), one])[0] is one
    assert Subject.HEADER not in SINGLE

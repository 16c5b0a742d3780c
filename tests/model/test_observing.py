from __future__ import annotations

from tulle.model.observing import LogFields, Telling


def test_fields_are_told_unless_somebody_says_otherwise() -> None:
    some = LogFields(names=(("RouterName", Telling.DROP),))
    assert (some.tells("RouterName"), some.tells("Duration")) == (False, True)
    few = LogFields(default=Telling.DROP, names=(("RouterName", Telling.KEEP),))
    assert (few.tells("RouterName"), few.tells("Duration")) == (True, False)

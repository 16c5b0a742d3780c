from __future__ import annotations

from tulle.store.records import Record


def test_what_a_record_says_is_not_shown() -> None:
    assert "secret" not in repr(Record("key", "secret", 1))

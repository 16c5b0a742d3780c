from __future__ import annotations

from tulle.clients.dns.base import TextRecord


def test_what_proves_something_is_not_shown() -> None:
    record = TextRecord(name="a.", value="v", domain="a", token="t", authorization="secret")
    assert "secret" not in repr(record)

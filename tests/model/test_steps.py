from __future__ import annotations

from tulle.model.steps import ClientAddress, Redis, SameClient, SetHeaders


def test_what_is_usual() -> None:
    assert SetHeaders() == SetHeaders(request=(), answer=())
    assert SameClient(address=ClientAddress()).header == ""


def test_passwords_are_not_shown() -> None:
    assert "secret" not in repr(Redis(password="secret"))

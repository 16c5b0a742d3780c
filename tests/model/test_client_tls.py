from __future__ import annotations

from tulle.model.client_tls import ClientTls


def test_nothing_is_trusted_blindly_by_itself() -> None:
    assert not ClientTls().insecure_skip_verify

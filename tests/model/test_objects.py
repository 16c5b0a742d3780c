from __future__ import annotations

from tulle.model.documents import BUILT_IN
from tulle.model.names import Name
from tulle.model.objects import Secret


def test_a_secret_gives_the_first_entry_that_it_has_and_shows_none() -> None:
    secret = Secret(name=Name("default", "x"), origin=BUILT_IN, data=(("tls.crt", b"one"), ("ca.crt", b"two")))
    assert secret.get("cacert", "ca.crt") == b"two"
    assert secret.get("tls.key") == b""
    assert "one" not in repr(secret)

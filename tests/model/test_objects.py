from __future__ import annotations

from tulle.model.documents import BUILT_IN
from tulle.model.names import Name
from tulle.model.objects import Secret


def test_a_secret_gives_the_first_of_its_entries_and_is_never_shown() -> None:
    secret = Secret(name=Name("default", "keys"), origin=BUILT_IN, data=(("ca.crt", b"authority"), ("empty", b"")))
    assert secret.get("cacert", "ca.crt") == b"authority"
    assert secret.get("tls.key") == b"" and "authority" not in repr(secret)

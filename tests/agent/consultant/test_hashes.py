from __future__ import annotations

import bcrypt
import pytest

from tulle.agent.consultant.hashes import is_slow, matches

LONG = "a password of more than sixteen characters"
RIGHT = [
    # Made by `openssl passwd` and `htpasswd`.
    ("$apr1$abcdefgh$h9FWgUz3n9YxylKLlR5SQ/", "secret"),
    ("$apr1$xy$UFKVAaUzsWlzB.AfqYWMG/", LONG),
    ("$1$abcdefgh$cHJi5PXp/ki/ktXzqlk6I1", "secret"),
    ("{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=", "secret"),
    (bcrypt.hashpw(b"secret", bcrypt.gensalt(4)).decode(), "secret"),
    (bcrypt.hashpw(b"secret", bcrypt.gensalt(4)).decode().replace("$2b$", "$2y$"), "secret"),
    (bcrypt.hashpw(b"a" * 72, bcrypt.gensalt(4)).decode(), "a" * 80),
]


@pytest.mark.parametrize(("stored", "password"), RIGHT, ids=range(len(RIGHT)))  # salts differ each time
def test_passwords_match_their_hash_and_no_other(stored: str, password: str) -> None:
    assert matches(stored, password.encode())
    assert not matches(stored, b"x" + password.encode())
    assert not matches(stored, b"")


@pytest.mark.parametrize(
    "stored", ["", "secret", "$", "$5$abcdefgh$secret", "$2y$05$secret", "{SHA}secret", "$2y$99$" + "a" * 53]
)
def test_what_is_no_hash_is_nobodys_password(stored: str) -> None:
    assert not matches(stored, b"secret")


def test_only_one_kind_is_quick() -> None:
    assert [is_slow(stored) for stored, _ in RIGHT] == [True, True, True, False, True, True, True]

"""The token of the API."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tulle.api.auth import is_authorized, load_or_create


def test_a_token_is_made_once_and_only_its_owner_can_read_it(tmp_path: Path) -> None:
    path = tmp_path / "token"
    token = load_or_create(path)
    assert len(token) >= 40
    assert path.stat().st_mode & 0o777 == 0o600
    assert load_or_create(path) == token


def test_an_empty_file_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.touch(mode=0o600)
    assert load_or_create(path)


def test_a_token_that_others_can_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text("secret")
    path.chmod(0o640)
    with pytest.raises(PermissionError, match="can be read by other users"):
        load_or_create(path)


@pytest.mark.parametrize("header", ["Bearer abc", "bearer abc", "Bearer  abc "])
def test_the_token_in_a_bearer_header_is_accepted(header: str) -> None:
    assert is_authorized(header, "abc")


@pytest.mark.parametrize("header", [None, "", "abc", "Basic abc", "Bearer", "Bearer abcd", "Bearer ä"])
def test_everything_else_is_not(header: str | None) -> None:
    assert not is_authorized(header, "abc")


@given(st.text())
def test_no_other_token_is_accepted(token: str) -> None:
    assert is_authorized(f"Bearer {token}", "the-token") == (token.strip() == "the-token")

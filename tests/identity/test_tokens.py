"""Join tokens: who gets in, how often, and what is kept of them."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tulle.identity.tokens import Token, TokenRefused, Tokens, TokensUnreadable
from tulle.kit.clock import ManualClock

PIN = "ab" * 32


@pytest.fixture
def tokens(tmp_path: Path, clock: ManualClock) -> Tokens:
    return Tokens(tmp_path / "tokens.json", PIN, clock)


def test_a_token_lets_one_host_in(tokens: Tokens) -> None:
    token = tokens.create()
    tokens.redeem(str(token), "alpha")
    with pytest.raises(TokenRefused, match="used already, by another host"):
        tokens.redeem(str(token), "beta")


def test_the_same_host_may_ask_again_in_case_the_answer_was_lost(tokens: Tokens) -> None:
    token = tokens.create()
    tokens.redeem(f" {token}\n", "alpha")
    tokens.redeem(str(token), "alpha")


def test_a_reusable_token_lets_everybody_in(tokens: Tokens) -> None:
    token = tokens.create(reusable=True)
    for host in ("alpha", "beta"):
        tokens.redeem(str(token), host)


def test_a_token_expires(tokens: Tokens, clock: ManualClock) -> None:
    token = tokens.create(lifetime=60)
    clock.advance(60)
    with pytest.raises(TokenRefused, match=r"expired at 2026-03-01 12:01:00 UTC"):
        tokens.redeem(str(token), "alpha")


def test_expired_tokens_are_forgotten_in_the_end(tokens: Tokens, clock: ManualClock) -> None:
    tokens.create(lifetime=60)
    clock.advance(61)
    new = tokens.create()
    assert [grant.id for grant in tokens.grants()] == [new.id]


def test_a_revoked_token_is_not_known_any_more(tokens: Tokens) -> None:
    token, other = tokens.create(), tokens.create()
    assert tokens.revoke(token.id) and not tokens.revoke(token.id)
    with pytest.raises(TokenRefused, match="not known here"):
        tokens.redeem(str(token), "alpha")
    tokens.redeem(str(other), "alpha")


def test_a_token_can_be_looked_at_without_being_used(tokens: Tokens, tmp_path: Path, clock: ManualClock) -> None:
    token, single = tokens.create(lifetime=60, reusable=True), tokens.create(lifetime=60)
    assert tokens.is_good(f"{token}\n")
    assert not tokens.is_good(str(single))
    assert not tokens.is_good("rubbish")
    assert not tokens.is_good(str(Token(token.id, "wrong", PIN)))
    assert not Tokens(tmp_path / "tokens.json", "cd" * 32, clock).is_good(str(token))
    clock.advance(60)
    assert not tokens.is_good(str(token))


def test_a_wrong_secret_is_as_unknown_as_a_wrong_id(tokens: Tokens) -> None:
    token = tokens.create()
    for wrong in (Token(token.id, "guess", PIN), Token("00000000", token.secret, PIN)):
        with pytest.raises(TokenRefused, match="not known here"):
            tokens.redeem(str(wrong), "alpha")


def test_the_secret_is_neither_stored_nor_shown(tokens: Tokens, tmp_path: Path) -> None:
    token = tokens.create()
    stored = (tmp_path / "tokens.json").read_text()
    assert token.secret not in stored and token.id in stored
    assert token.secret not in repr(token)
    assert (tmp_path / "tokens.json").stat().st_mode & 0o777 == 0o600


def test_a_restart_forgets_nothing(tokens: Tokens, tmp_path: Path, clock: ManualClock) -> None:
    token = tokens.create()
    tokens.redeem(str(token), "alpha")
    with pytest.raises(TokenRefused, match="used already"):
        Tokens(tmp_path / "tokens.json", PIN, clock).redeem(str(token), "beta")


def test_a_damaged_file_is_said_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    path.write_text("[{")
    tokens = Tokens(path, PIN)
    for attempt in (tokens.create, tokens.grants):
        with pytest.raises(TokensUnreadable, match=r"tokens.json is damaged"):
            attempt()
    assert path.read_text() == "[{"


@given(st.from_regex(r"[A-Za-z0-9_-]{1,50}", fullmatch=True), st.from_regex(r"[A-Za-z0-9_-]{1,50}", fullmatch=True))
def test_what_is_printed_is_read_again(id: str, secret: str) -> None:
    token = Token(id, secret, PIN)
    assert Token.parse(str(token)) == token


@pytest.mark.parametrize("text", ["", "a.b", f"a..{PIN}", "a.b.c", f"a.b.{PIN}.d", f".b.{PIN}"])
def test_what_is_no_token_is_refused(text: str) -> None:
    with pytest.raises(TokenRefused, match="not a join token"):
        Token.parse(text)

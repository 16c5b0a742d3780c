from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tulle.identity.tokens import TokenRefused, Tokens
from tulle.kit.home import Home

Tulle = Callable[..., Any]
PIN = "a" * 64


@pytest.fixture
def tokens(home: Home) -> Tokens:
    """Those of a control plane that ran here."""
    home.create()
    tokens = Tokens(home.plane / "tokens.json", PIN)
    (home.plane / "join-token").write_text(str(tokens.create()))
    return tokens


def test_a_token_lets_one_host_in(tulle: Tulle, tokens: Tokens) -> None:
    done = tulle("token", "create")
    assert (done.code, done.err) == (0, "valid for 1h, for one host\n")
    tokens.redeem(done.out, "host a")
    with pytest.raises(TokenRefused):
        tokens.redeem(done.out, "host b")


def test_a_token_may_be_for_any_number_of_hosts(tulle: Tulle, tokens: Tokens) -> None:
    done = tulle("token", "create", "--reusable", "--ttl", "10m")
    assert done.err == "valid for 10m, for any number of hosts\n"
    for host in "ab":
        tokens.redeem(done.out, host)


def test_a_wrong_duration_is_a_usage_error(tulle: Tulle, tokens: Tokens) -> None:
    done = tulle("token", "create", "--ttl", "soon")
    assert done.code == 2
    assert "--ttl" in done.err


def test_without_a_control_plane_there_are_no_tokens(tulle: Tulle) -> None:
    done = tulle("token", "create")
    assert done.code == 1
    assert "nothing is running" in done.err


def test_alone_it_explains_itself(tulle: Tulle) -> None:
    done = tulle("token")
    assert done.code == 2
    assert "create" in done.err

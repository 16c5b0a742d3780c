from __future__ import annotations

import pytest

from tulle.dialects.commands import literal, problem


@pytest.mark.parametrize(
    "value",
    [
        "",
        "plain",
        "100%%",
        "%PROTOCOL%",
        "%REQ(x-user?:path):20% and %START_TIME(%s)%".replace("%s", "s"),
        "%%PROTOCOL%%",
    ],
)
def test_what_envoy_takes(value: str) -> None:
    assert problem(value) == ""


@pytest.mark.parametrize(
    ("value", "wrong"),
    [
        ("100%", "has a single %; write %% for the character itself, or a command of Envoy such as %PROTOCOL%"),
        ("%protocol%", "has a single %; write %% for the character itself, or a command of Envoy such as %PROTOCOL%"),
        ("%PROTCOL%", 'holds %PROTCOL%, which is no command of Envoy; did you mean "PROTOCOL"?'),
        ("a %REQ%", "holds %REQ% without what it is about; write %REQ(…)%"),
        ("%HOSTNAME(x)%", "holds %HOSTNAME(x)%; write %HOSTNAME%"),
    ],
)
def test_what_it_does_not(value: str, wrong: str) -> None:
    assert problem(value) == wrong


def test_text_without_commands() -> None:
    assert problem(literal("100% of %PROTOCOL%")) == ""

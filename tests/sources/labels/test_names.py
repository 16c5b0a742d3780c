from __future__ import annotations

import pytest

from tulle.sources.labels.names import flag, joined, normalized


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("/shop_web.1", "shop-web-1"),
        ("--a--b--", "a-b"),
        ("", ""),
        ("...", ""),
        ("Ünï_1²", "Ünï-1²"),
        ("a/b@c", "a-b-c"),
    ],
)
def test_names(name: str, expected: str) -> None:
    assert normalized(name) == expected


def test_flags_are_those_of_go() -> None:
    assert [flag(text) for text in ("1", "T", "True", "0", "f", "FALSE")] == [True, True, True, False, False, False]
    assert flag("yes") is flag("tRue") is flag("") is None


def test_hosts_and_ports() -> None:
    assert joined("10.0.0.1", "80") == "10.0.0.1:80"
    assert joined("fd00::1", "80") == "[fd00::1]:80"

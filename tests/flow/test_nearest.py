from __future__ import annotations

import pytest

from tulle.flow.nearest import Nearest

KNOWN = [f"s{number}" for number in range(5000)] + ["reviews", "web", "ratings"]


@pytest.mark.parametrize(
    ("word", "nearest"), [("reveiws", "reviews"), ("xratings", "ratings"), ("weeb", "web"), ("reviewz", "reviews")]
)
def test_a_typo_is_found_among_thousands(word: str, nearest: str) -> None:
    assert Nearest(KNOWN).hint(word) == f'; did you mean "{nearest}"?'


def test_what_is_like_nothing_has_no_hint() -> None:
    assert Nearest(KNOWN).hint("payments-of-tomorrow") == ""
    assert Nearest([]).hint("web") == ""

from __future__ import annotations

import pytest

from tulle.kit.status_texts import status_text


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (200, "OK"),
        (401, "Unauthorized"),
        (413, "Request Entity Too Large"),
        (418, "I'm a teapot"),
        (429, "Too Many Requests"),
        (499, ""),
        (503, "Service Unavailable"),
        (1000, ""),
    ],
)
def test_statuses_have_names(status: int, expected: str) -> None:
    assert status_text(status) == expected

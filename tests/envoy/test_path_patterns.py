from __future__ import annotations

import pytest
import re2

from tulle.envoy.path_patterns import any_case, written


@pytest.mark.parametrize(
    ("pattern", "path", "is_fit"),
    [
        ("^/a/b$", "/a/b", True),
        ("^/a%2Fb$", "/a%2fb", True),
        ("^/c d$", "/c%20d", True),
        (r"^/c\{d\}$", "/c%7bd%7D", True),
        ("^/ü+$", "/%C3%BC%c3%bc", True),
        ("^/ü+$", "/%C3", False),
        ("^/[ü-]+$", "/%C3%BC-", True),
        ("^/[à-ü]+$", "/%C3%A9", True),
        ("^/[à-ü]+$", "/%C3%BD", False),
        (r"^/[a\^]+$", "/a%5E", True),
        ("^/[[:alpha:] ]+$", "/a%20b", True),
        (r"^/[\w ]+$", "/a_%20b", True),
        ("^/[ ü]$", "/%20", True),
        ("^/[^/]+$", "/%C3%A9", True),
        ("^/[]a]$", "/]", True),
        ("^/(?P<name>[a-z]+)$", "/abc", True),
        ("^/(?:a|b){2}$", "/ab", True),
        (r"^/\d+\.jpg$", "/12.jpg", True),
        # More than may be counted up stays as it is.
        ("^/[一-龥]$", "/%E4%B8%80", False),
    ],
)
def test_patterns_are_for_what_is_written(pattern: str, path: str, is_fit: bool) -> None:
    assert (re2.search(written(pattern), path) is not None) is is_fit


def test_what_needs_no_escape_stays_as_it_is() -> None:
    for pattern in (r"^/v[0-9]+/(?:a|b)*\.(jpg|png)$", "^/[^a-z]", r"^/(?<x>\w+)~@!$"):
        assert written(pattern) == pattern


def test_texts_with_escapes_in_either_case() -> None:
    assert re2.fullmatch(any_case("/a.b%2F"), "/a.b%2f") and not re2.fullmatch(any_case("/a.b%2F"), "/axb%2f")

from __future__ import annotations

import pytest

from tulle.model.covering import covers, covers_path, is_everything
from tulle.model.routes import Match, PathKind, PathMatch, Source, ValueKind, ValueMatch

EXACT, PREFIX, TEXT, REGEX = PathKind.EXACT, PathKind.PREFIX, PathKind.TEXT_PREFIX, PathKind.REGEX


@pytest.mark.parametrize(
    ("wide", "narrow", "is_covered"),
    [
        (None, None, True),
        (None, PathMatch(EXACT, "/a"), True),
        (PathMatch(EXACT, "/a"), None, False),
        (PathMatch(PREFIX, "/"), None, True),
        (PathMatch(TEXT, "/"), PathMatch(REGEX, "/a.*"), True),
        (PathMatch(REGEX, ".*"), PathMatch(PREFIX, "/a"), True),
        (PathMatch(REGEX, "/a.*"), PathMatch(REGEX, "/a.*"), True),
        (PathMatch(REGEX, "/a.*"), PathMatch(EXACT, "/ab"), False),
        (PathMatch(PREFIX, "/a"), PathMatch(REGEX, "/a/.*"), False),
        (PathMatch(PREFIX, "/a"), PathMatch(EXACT, "/a"), True),
        (PathMatch(PREFIX, "/a"), PathMatch(PREFIX, "/a"), True),
        (PathMatch(PREFIX, "/a"), PathMatch(PREFIX, "/a/b"), True),
        (PathMatch(PREFIX, "/a"), PathMatch(TEXT, "/a"), False),
        (PathMatch(PREFIX, "/a"), PathMatch(TEXT, "/a/"), True),
        (PathMatch(PREFIX, "/a"), PathMatch(EXACT, "/ab"), False),
        (PathMatch(TEXT, "/a"), PathMatch(PREFIX, "/ab"), True),
        (PathMatch(TEXT, "/a/"), PathMatch(PREFIX, "/a"), False),
        (PathMatch(EXACT, "/a"), PathMatch(EXACT, "/a"), True),
        (PathMatch(EXACT, "/a"), PathMatch(PREFIX, "/a"), False),
        (PathMatch(EXACT, "/a"), PathMatch(EXACT, "/A", ignore_case=True), False),
        (PathMatch(EXACT, "/a", ignore_case=True), PathMatch(EXACT, "/A"), True),
    ],
)
def test_paths(wide: PathMatch | None, narrow: PathMatch | None, is_covered: bool) -> None:
    assert covers_path(wide, narrow) is is_covered


HEADER = ValueMatch("x", ValueKind.EXACT, "1")


@pytest.mark.parametrize(
    ("wide", "narrow", "is_covered"),
    [
        (Match(methods=("GET", "PUT")), Match(methods=("GET",)), True),
        (Match(methods=("GET",)), Match(), False),
        (Match(), Match(headers=(HEADER,)), True),
        (Match(headers=(HEADER,)), Match(), False),
        (Match(query=(HEADER,)), Match(headers=(HEADER,)), False),
        (Match(claims=(HEADER,)), Match(claims=(HEADER,)), True),
        (Match(ports=(80,)), Match(ports=(81,)), False),
        (Match(source=Source(namespace="a")), Match(), False),
        (Match(source=Source(namespace="a")), Match(source=Source(namespace="a", labels=(("k", "v"),))), True),
        (Match(source=Source(labels=(("k", "v"),))), Match(source=Source(namespace="a")), False),
    ],
)
def test_conditions(wide: Match, narrow: Match, is_covered: bool) -> None:
    assert covers(wide, narrow) is is_covered


def test_everything_is_what_has_no_condition() -> None:
    assert is_everything(Match()) and is_everything(Match(path=PathMatch(PREFIX, "/")))
    assert not is_everything(Match(methods=("GET",)))

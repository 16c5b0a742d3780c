from __future__ import annotations

import pytest

from tulle.model.covering import covers, covers_path, covers_stream, is_everything
from tulle.model.routes import Match, PathKind, PathMatch, Source, StreamMatch, ValueKind, ValueMatch

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


def names(*names: str) -> StreamMatch:
    return StreamMatch(server_names=names)


def subnets(*subnets: str) -> StreamMatch:
    return StreamMatch(subnets=subnets)


@pytest.mark.parametrize(
    ("wide", "narrow", "is_covered"),
    [
        (StreamMatch(), names("a.b"), True),
        (names("a.b"), StreamMatch(), False),
        (names("*.b", "c"), names("a.b", "c"), True),
        (names("a.b"), names("*.b"), False),
        (StreamMatch(), subnets("10.0.0.0/8"), True),
        (subnets("10.0.0.0/8"), StreamMatch(), False),
        (subnets("10.0.0.0/8"), subnets("10.1.0.0/16", "10.2.3.4/32"), True),
        (subnets("10.1.0.0/16"), subnets("10.0.0.0/8"), False),
        (subnets("10.0.0.0/8"), subnets("11.0.0.0/8"), False),
        (subnets("::/0"), subnets("10.0.0.0/8"), False),
        (StreamMatch(ports=(1, 2)), StreamMatch(ports=(2,)), True),
        (StreamMatch(ports=(1,)), StreamMatch(ports=(2,)), False),
        (StreamMatch(source=Source(namespace="a")), StreamMatch(), False),
    ],
)
def test_connections(wide: StreamMatch, narrow: StreamMatch, is_covered: bool) -> None:
    assert covers_stream(wide, narrow) is is_covered

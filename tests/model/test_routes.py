from __future__ import annotations

import pytest

from tulle.model.routes import Match, PathKind, PathMatch, ValueKind, ValueMatch, certain_prefix, specificity

HEADER = ValueMatch("x-user", ValueKind.EXACT, "jason")


def path(kind: PathKind, value: str) -> Match:
    return Match(path=PathMatch(kind, value))


def test_the_order_of_matches_is_that_of_the_gateway_api() -> None:
    matches = [
        path(PathKind.EXACT, "/a"),
        path(PathKind.PREFIX, "/cart/items"),
        path(PathKind.REGEX, "/cart/.*"),
        path(PathKind.PREFIX, "/cart"),
        Match(methods=("GET",)),
        Match(headers=(HEADER, HEADER)),
        Match(headers=(HEADER,)),
        Match(query=(HEADER,)),
        Match(),
    ]
    assert sorted(reversed(matches), key=specificity, reverse=True) == matches


def test_no_path_is_the_prefix_of_all() -> None:
    assert (
        specificity(Match()) == specificity(path(PathKind.PREFIX, "/")) == specificity(path(PathKind.TEXT_PREFIX, ""))
    )


def test_a_pattern_ranks_with_the_prefix_that_it_surely_has() -> None:
    order = [
        path(PathKind.PREFIX, "/cart/items"),
        path(PathKind.REGEX, "/cart/[0-9]+"),
        path(PathKind.PREFIX, "/cart/"),
        path(PathKind.REGEX, "/[^/]+/items"),
        Match(methods=("GET",)),
    ]
    assert sorted(reversed(order), key=specificity, reverse=True) == order


def test_claims_count_as_headers() -> None:
    assert specificity(Match(claims=(HEADER,))) == specificity(Match(headers=(HEADER,)))


@pytest.mark.parametrize(
    ("pattern", "prefix"),
    [
        ("/cart/.*", "/cart/"),
        ("^/cart$", "/cart"),
        (r"/a\.b", "/a.b"),
        (r"/a\d", "/a"),
        ("/ab?c", "/a"),
        ("/ab*", "/a"),
        ("/ab{2}", "/a"),
        ("/ab+c", "/ab"),
        ("/a|/b", "/"),
        ("(?i)/a", "/"),
        ("", "/"),
        (".*", "/"),
    ],
)
def test_the_certain_beginning_of_a_pattern(pattern: str, prefix: str) -> None:
    assert certain_prefix(pattern) == prefix

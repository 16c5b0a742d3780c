from __future__ import annotations

from tulle.model.routes import Match, PathKind, PathMatch, ValueKind, ValueMatch, specificity

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

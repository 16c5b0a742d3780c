from __future__ import annotations

from dataclasses import replace

from tulle.flow.flattening import of_mesh
from tulle.flow.perspectives import is_same
from tulle.model.documents import BUILT_IN
from tulle.model.names import Name
from tulle.model.routes import Match, PathKind, PathMatch, Respond, RouteRule, RouteSet, Source

PATH = Match(path=PathMatch(PathKind.PREFIX, "/long/path"))


def rules(name: str, *matches: Match, status: int, is_free: bool = False) -> RouteSet:
    written = tuple(
        RouteRule(name="", origin=BUILT_IN, matches=(each,), action=Respond(status=status + index))
        for index, each in enumerate(matches)
    )
    return RouteSet(name=Name("shop", name), origin=BUILT_IN, rules=written, by_specificity=is_free)


def listed(*sets: RouteSet) -> RouteSet:
    return RouteSet(name=Name("shop", "all"), origin=BUILT_IN, rules=of_mesh(sets), by_specificity=False)


def test_one_set_is_what_it_is() -> None:
    only = rules("a", Match(source=Source(namespace="shop")), PATH, status=200)
    assert is_same([only, rules("empty", status=200)], [], ())


def test_sets_for_everybody_are_one_list_for_everybody() -> None:
    one, two = rules("a", PATH, Match(), status=200), rules("b", Match(methods=("GET",)), status=300, is_free=True)
    assert is_same([one, two], [listed(one, two)], (80,))


def test_an_order_that_depends_on_who_calls_is_noticed() -> None:
    # For callers elsewhere nothing of it is as specific as the path, so that the other set comes first.
    some = replace(PATH, source=Source(namespace="shop", labels=(("a", "b"),)))
    one = rules("a", Match(methods=("GET",)), some, status=200)
    two = rules("b", Match(path=PathMatch(PathKind.PREFIX, "/lo")), status=300)
    assert not is_same([one, two], [listed(one, two)], ())


def test_sets_of_others_are_not_seen() -> None:
    one = replace(rules("a", PATH, status=200), exports=("team",))
    two = rules("b", Match(), status=300)
    assert is_same([one, two], [listed(one, two)], ())

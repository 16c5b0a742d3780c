from __future__ import annotations

import pytest

from tulle.flow.perspectives import is_same
from tulle.model.documents import BUILT_IN
from tulle.model.names import Name
from tulle.model.routes import Match, PathKind, PathMatch, Respond, RouteRule, RouteSet, Source

WEB = Name("default", "web")
ANY, PATH = Match(), Match(path=PathMatch(PathKind.PREFIX, "/a"))


def rule(status: int, *matches: Match) -> RouteRule:
    return RouteRule(name=str(status), origin=BUILT_IN, matches=matches or (ANY,), action=Respond(status=status))


def rules(name: str, *written: RouteRule, exports: tuple[str, ...] = ("*",)) -> RouteSet:
    place = Name("default", name)
    return RouteSet(name=place, origin=BUILT_IN, service=WEB, rules=written, exports=exports, by_specificity=False)


def test_a_single_set_is_its_own_list() -> None:
    only = rules("a", rule(200))
    assert is_same(WEB, [only], only.rules, [], [80])
    assert is_same(WEB, [rules("empty")], (), [only], [80])


@pytest.mark.parametrize("ports", [(), (80,)])
def test_several_sets_are_one_list_if_it_has_their_order(ports: tuple[int, ...]) -> None:
    first, second = rules("a", rule(200, PATH)), rules("b", rule(404))
    assert is_same(WEB, [first, second], (*first.rules, *second.rules), [], ports)
    assert not is_same(WEB, [first, second], (*second.rules, *first.rules), [], ports)


def test_a_set_that_only_some_see_makes_a_difference() -> None:
    hidden, second = rules("a", rule(200, PATH), exports=("other",)), rules("b", rule(404))
    assert not is_same(WEB, [hidden, second], (*hidden.rules, *second.rules), [], [80])


def test_conditions_on_callers_are_seen_by_those_callers() -> None:
    mine = Match(path=PATH.path, source=Source(namespace="shop"))
    first, second = rules("a", rule(200, mine)), rules("b", rule(404))
    assert is_same(WEB, [first, second], (*first.rules, *second.rules), [], [80])

from __future__ import annotations

from tulle.flow.claims import Claims
from tulle.model.documents import BUILT_IN, Document, Key
from tulle.model.names import Name

WEB, API = Name("default", "web"), Name("default", "api")
FIRST, SECOND = (Document(BUILT_IN, Key("x", WEB), {}) for _ in range(2))
ORDER = {FIRST: 0, SECOND: 1}
one, two = object(), object()


def test_the_first_in_order_has_a_name_and_the_next_one_follows_it() -> None:
    claims: Claims[object] = Claims()
    claims.add(WEB, SECOND, two)
    claims.add(WEB, FIRST, one)
    assert claims.settle(ORDER.__getitem__) == {WEB}
    assert claims.table == {WEB: one}
    assert claims.part_of(WEB) is FIRST
    assert claims.winner(WEB) == (FIRST, one)
    assert claims.winner(API) is None
    assert list(claims.losers(ORDER.__getitem__)) == [(WEB, FIRST, SECOND)]

    claims.remove(WEB, FIRST)
    assert claims.settle(ORDER.__getitem__) == {WEB}
    assert claims.table == {WEB: two}
    assert not list(claims.losers(ORDER.__getitem__))

    claims.remove(WEB, SECOND)
    assert claims.settle(ORDER.__getitem__) == {WEB}
    assert claims.table == {}


def test_a_table_that_was_handed_out_never_changes() -> None:
    claims: Claims[object] = Claims()
    claims.add(WEB, FIRST, one)
    claims.settle(ORDER.__getitem__)
    before = claims.table
    claims.add(API, FIRST, two)
    claims.settle(ORDER.__getitem__)
    assert before == {WEB: one}
    same = claims.table
    assert claims.settle(ORDER.__getitem__) == frozenset()
    assert claims.table is same


def test_a_contest_is_decided_again_when_the_order_changes() -> None:
    claims: Claims[object] = Claims()
    claims.add(WEB, FIRST, one)
    claims.add(WEB, SECOND, two)
    claims.settle(ORDER.__getitem__)
    assert claims.settle(lambda part: -ORDER[part]) == {WEB}
    assert claims.table == {WEB: two}


def test_several_may_be_one_thing_together() -> None:
    claims: Claims[str] = Claims("+".join)
    claims.add(WEB, SECOND, "two")
    claims.add(WEB, FIRST, "one")
    claims.add(API, FIRST, "alone")
    claims.settle(ORDER.__getitem__)
    assert claims.table == {WEB: "one+two", API: "alone"}
    assert claims.wanted(WEB, SECOND) == "two"

    claims.remove(WEB, FIRST)
    assert claims.settle(ORDER.__getitem__) == {WEB}
    assert claims.table[WEB] == "two"

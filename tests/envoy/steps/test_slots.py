from __future__ import annotations

import pytest
from google.protobuf.empty_pb2 import Empty

from tests.envoy.decoded import as_json
from tulle.envoy.steps.parts import Native, Part, Work
from tulle.envoy.steps.slots import SLOTS, Slot, laid_out, wanted


def work(name: str) -> Work:
    return Work(request=({"op": name},), answer=({"op": name},))


def native(name: str) -> Native:
    return Native(({"name": name},), ((name, Empty()),))


def test_parts_share_pairs_in_their_order() -> None:
    assert laid_out(()) == ()
    assert laid_out((work("a"), native("b"))) == (Slot(work("a"), native("b")),)
    assert laid_out((native("a"), work("b"))) == (Slot(native=native("a")), Slot(work("b")))
    assert laid_out((native("a"), work("b"), native("c"))) == (Slot(native=native("a")), Slot(work("b"), native("c")))


def test_what_needs_more_pairs_shares_the_last_chain() -> None:
    parts: list[Part] = [each for number in range(SLOTS + 1) for each in (work(f"w{number}"), native(f"n{number}"))]
    found = laid_out([*parts, work("last")])
    assert len(found) == SLOTS
    said = dict(wanted(found))
    last = as_json(said[f"steps-{SLOTS}-native"])
    names = [each["name"] for each in last["value"]["filter_chain"]["filters"]]
    assert names == [f"n{SLOTS - 1}", f"steps-{SLOTS + 1}", f"n{SLOTS}", f"steps-{SLOTS + 2}"]
    assert {f"steps-{SLOTS + 1}", f"n{SLOTS}", f"n{SLOTS - 1}"} <= said.keys()


def test_a_first_chain_may_have_no_filter_of_its_own() -> None:
    parts: list[Part] = [each for number in range(SLOTS) for each in (native(f"n{number}"), work(f"w{number}"))]
    found = laid_out([*parts, native("x")])
    assert [name for name, _ in wanted(found)][-1] == f"steps-{SLOTS + 1}"
    last = found[-1]
    assert last.native is not None
    assert [each["name"] for each in last.native.filters] == [f"n{SLOTS - 1}", f"steps-{SLOTS + 1}", "x"]


def test_interpreters_are_told_what_to_do() -> None:
    ((_, message),) = wanted((Slot(work("a")),))
    context = as_json(message)["filter_context"]
    first = context.pop("plan")
    assert context == {"request": [{"op": "a"}], "answer": [{"op": "a"}], "slot": 1}
    ((_, message),) = wanted((Slot(Work(request=({"op": "a"},))),))
    context = as_json(message)["filter_context"]
    assert context.pop("plan") != first, "interpreters know plans by their names"
    assert context == {"request": [{"op": "a"}]}
    ((_, message),) = wanted((Slot(Work(answer=({"op": "a"},))),))
    context = as_json(message)["filter_context"]
    assert context.pop("plan")
    assert context == {"answer": [{"op": "a"}], "slot": 1}


def test_the_route_cannot_change_within_a_chain() -> None:
    turn = Work(request=({"op": "route_again"},), is_last=True)
    parts: list[Part] = [each for number in range(SLOTS) for each in (native(f"n{number}"), work(f"w{number}"))]
    assert laid_out([turn, *parts[:2]]) == (Slot(turn, native("n0")), Slot(work("w0")))
    with pytest.raises(ValueError, match="too much is to be done"):
        laid_out([*parts, turn, work("x")])

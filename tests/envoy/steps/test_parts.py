from __future__ import annotations

from dataclasses import replace

from google.protobuf.empty_pb2 import Empty

from tulle.envoy.steps.parts import Native, Work, joined, stamped

SAID = (("a", Empty()),)


def test_neighbours_of_the_same_nature_are_put_together() -> None:
    one, two = Work(request=({"op": "a"},), answer=({"op": "b"},)), Work(request=({"op": "c"},), answer=({"op": "d"},))
    (both,) = joined((one, two))
    assert both == Work(request=({"op": "a"}, {"op": "c"}), answer=({"op": "d"}, {"op": "b"}))
    assert joined((Native(({"name": "a"},), SAID), Native(({"name": "b"},)))) == (
        Native(({"name": "a"}, {"name": "b"}), SAID),
    )
    assert joined((one, Native(()), two)) == (one, Native(()), two)
    assert joined(()) == ()


def test_work_goes_before_filters_that_it_has_nothing_to_do_with() -> None:
    one, two = Work(request=({"op": "a"},)), Work(request=({"op": "b"},), headers=frozenset(("x",)))
    gate = Native(({"name": "gate"},), headers=frozenset(("y",)))
    assert joined((one, gate, two)) == (Work(request=({"op": "a"}, {"op": "b"})), gate)
    assert joined((one, gate, gate, two))[1] == Native(gate.filters * 2, headers=gate.headers)
    reader, other = Native(({"name": "reader"},), headers=frozenset(("x", "y"))), Native(({"name": "other"},))
    for native in (reader, other):
        assert joined((one, native, two)) == (one, native, two)
    assert joined((one, gate, other, two))[2] == two
    assert joined((gate, two)) == (gate, two)
    assert joined((one, gate, replace(two, headers=None)))[1:] == (gate, replace(two, headers=None))


def test_no_work_goes_where_another_route_may_hold() -> None:
    turn, more = Work(request=({"op": "a"},), is_last=True), Work(request=({"op": "b"},), headers=frozenset(("x",)))
    gate = Native(({"name": "gate"},), headers=frozenset(("y",)))
    assert joined((turn, more)) == (turn, more)
    assert joined((turn, gate, more)) == (turn, gate, more)
    assert joined((more, turn))[0].is_last  # type: ignore[union-attr]


def test_operations_know_their_step() -> None:
    native = Native(({"name": "a"},))
    work = Work(request=({"op": "a"},), answer=({"op": "b"},))
    stepped = Work(request=({"op": "a", "step": 3},), answer=({"op": "b", "step": 3},))
    assert tuple(stamped((work, native), 3)) == (stepped, native)

from __future__ import annotations

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


def test_operations_know_their_step() -> None:
    native = Native(({"name": "a"},))
    work = Work(request=({"op": "a"},), answer=({"op": "b"},))
    stepped = Work(request=({"op": "a", "step": 3},), answer=({"op": "b", "step": 3},))
    assert tuple(stamped((work, native), 3)) == (stepped, native)

from __future__ import annotations

import pytest

from tulle.envoy.steps.parts import Native, Work
from tulle.envoy.steps.slots import SLOTS, Slot, laid_out, wanted

WORK, NATIVE = Work(request=({"op": "a"},)), Native(({"name": "x"},))


def test_parts_are_laid_out_in_their_order() -> None:
    assert laid_out([]) == ()
    assert laid_out([WORK, NATIVE, WORK]) == (Slot(WORK, NATIVE), Slot(WORK))
    assert laid_out([NATIVE, WORK]) == (Slot(native=NATIVE), Slot(WORK))


def test_more_than_there_are() -> None:
    with pytest.raises(ValueError, match="alternate 5 times"):
        laid_out([WORK, NATIVE] * (SLOTS + 1))


def test_what_a_route_says() -> None:
    assert [name for name, _ in wanted([Slot(WORK, NATIVE), Slot(native=NATIVE)])] == [
        "steps-1",
        "steps-1-native",
        "steps-2-native",
    ]

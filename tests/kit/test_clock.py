from __future__ import annotations

from datetime import UTC, timedelta

from tulle.kit.clock import ManualClock, SystemClock


def test_the_clock_of_the_machine_goes_forward_in_utc() -> None:
    clock = SystemClock()
    assert clock.now().tzinfo is UTC
    assert clock.monotonic() <= clock.monotonic()


def test_a_manual_clock_moves_when_it_is_told_to() -> None:
    clock = ManualClock()
    before = clock.now()
    clock.advance(90)
    assert clock.now() - before == timedelta(seconds=90)
    assert clock.monotonic() == 90

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tulle.kit.clock import Clock, ManualClock, SystemClock


def test_system_clock_is_that_of_the_machine_in_utc() -> None:
    clock: Clock = SystemClock()
    before = datetime.now(UTC)
    assert before <= clock.now() <= before + timedelta(minutes=1)
    assert clock.monotonic() <= clock.monotonic()


def test_manual_clock_moves_when_it_is_told_to() -> None:
    clock = ManualClock()
    start: Clock = clock
    assert (start.now(), start.monotonic()) == (datetime(2026, 1, 1, tzinfo=UTC), 0.0)
    clock.advance(90)
    assert (clock.now(), clock.monotonic()) == (datetime(2026, 1, 1, 0, 1, 30, tzinfo=UTC), 90.0)

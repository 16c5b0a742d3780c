from __future__ import annotations

import pytest

from tulle.agent.consultant.rates import LONGEST, Buckets, Pace, duration, too_many
from tulle.kit.clock import ManualClock
from tulle.model.consulting import Rate

PACE = Pace.of(Rate(id="x", average=2, period=10.0, burst=3))


@pytest.mark.parametrize(
    ("average", "period", "burst", "expected"),
    [
        (2, 10.0, 3, Pace(0.2, 3, 0.5, 6)),
        (100, 1.0, 50, Pace(100.0, 50, 0.005, 2)),
        (3, 2.0, 0, Pace(1.5, 1, 0.5, 2)),
        (1, 0.0, 1, Pace(1.0, 1, 0.5, 2)),
    ],
)
def test_paces(average: int, period: float, burst: int, expected: Pace) -> None:
    assert Pace.of(Rate(id="x", average=average, period=period, burst=burst)) == expected


def test_a_burst_passes_and_others_wait() -> None:
    clock = ManualClock()
    buckets = Buckets(clock)
    assert [buckets.take("x", "a", PACE) for _ in range(5)] == [0, 0, 0, 5, 5]
    assert buckets.take("x", "b", PACE) == 0
    assert buckets.take("y", "a", PACE) == 0
    clock.advance(4.6)
    # Held back rather than refused, and counted.
    assert buckets.take("x", "a", PACE) == pytest.approx(0.4)
    assert buckets.take("x", "a", PACE) == pytest.approx(5.4)


def test_who_was_silent_long_enough_is_forgotten() -> None:
    clock = ManualClock()
    buckets = Buckets(clock)
    for _ in range(4):
        buckets.take("x", "a", PACE)
    clock.advance(6)
    assert [buckets.take("x", "a", PACE) for _ in range(4)] == [0, 0, 0, 5]


def test_the_answer() -> None:
    refused = too_many(4.859183)
    assert refused.headers == (("retry-after", "5"), ("x-retry-in", "4.859183s"))
    assert (refused.status, refused.body) == (429, "Too Many Requests")


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0, "0s"),
        (0.000000007, "7ns"),
        (0.0000015, "1.5µs"),
        (0.02, "20ms"),
        (0.4832, "483.2ms"),
        (1, "1s"),
        (4.885390688, "4.885390688s"),
        (63.5, "1m3.5s"),
        (3600, "1h0m0s"),
    ],
)
def test_times_are_written_as_go_does(seconds: float, expected: str) -> None:
    assert duration(seconds) == expected


def test_clients_with_long_names_take_no_more_room() -> None:
    buckets = Buckets(ManualClock())
    one, other = "a" * 60_000 + "b", "a" * 60_000 + "c"
    assert [buckets.take("x", one, PACE) for _ in range(4)] == [0, 0, 0, 5]
    assert buckets.take("x", other, PACE) == 0
    (known,) = buckets._known._known.values()
    assert max(map(len, known._known)) <= LONGEST

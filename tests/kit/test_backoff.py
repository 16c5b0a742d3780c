from __future__ import annotations

from tulle.kit.backoff import Backoff


def test_delays_double_up_to_the_limit() -> None:
    backoff = Backoff(0.1, 1.0)
    assert [backoff.failed() for _ in range(6)] == [0.1, 0.2, 0.4, 0.8, 1.0, 1.0]


def test_success_that_lasted_starts_over() -> None:
    backoff = Backoff(0.1, 30.0, stable_after=10.0)
    assert [backoff.failed(lasted) for lasted in (0, 5, 10, 0)] == [0.1, 0.2, 0.1, 0.2]


def test_success_shorter_than_the_last_delay_is_none() -> None:
    backoff = Backoff(20.0, 30.0, stable_after=10.0)
    assert [backoff.failed(lasted) for lasted in (0, 15, 30)] == [20.0, 30.0, 20.0]

from __future__ import annotations

import pytest

from tulle.agent.consultant.measuring import Measured, _rounded
from tulle.model.breaking import Latency, NetworkErrors, Statuses

FAILURES = Statuses(500, 600, 0, 600)


def test_parts_of_all_answers() -> None:
    measured = Measured()
    assert measured.value(NetworkErrors(), 0) == 0
    assert measured.value(FAILURES, 0) == 0
    for status in (200, 200, 500, 502, 504):
        measured.record(status, 0.001, 0.5)
    assert measured.value(NetworkErrors(), 0.5) == 0.4
    assert measured.value(FAILURES, 0.5) == 0.6
    assert measured.value(Statuses(500, 501, 200, 201), 0.5) == 0.5


def test_ten_seconds_count() -> None:
    measured = Measured()
    measured.record(500, 0.001, 0.9)
    measured.record(200, 0.001, 1.1)
    assert measured.value(FAILURES, 9.9) == 0.5
    assert measured.value(FAILURES, 10.0) == 0.0
    measured.record(500, 0.001, 30)
    assert measured.value(FAILURES, 30) == 1.0


@pytest.mark.parametrize(
    ("percent", "expected"),
    [(0.0, 1), (10.0, 1), (50.0, 5), (55.0, 6), (90.0, 9), (99.0, 10), (100.0, 10), (150.0, 10)],
)
def test_times(percent: float, expected: int) -> None:
    measured = Measured()
    assert measured.value(Latency(percent), 0) == 0
    for milliseconds in range(1, 11):
        measured.record(200, milliseconds / 1000 + 0.0005, 0)
    assert measured.value(Latency(percent), 0) == expected


def test_times_are_kept_in_boxes() -> None:
    measured = Measured()
    measured.record(200, 1.0, 0)
    measured.record(200, 4000, 0)
    # Nothing is forgotten as long as nothing comes.
    assert measured.value(Latency(100.0), 1000) == 1003
    for second in range(0, 60, 10):
        assert measured.value(Latency(100.0), second) == 1003
        measured.record(200, 0.002, second + 10)
    assert measured.value(Latency(100.0), 70) == 2


def test_cleared() -> None:
    measured = Measured()
    measured.record(500, 1.0, 0)
    measured.clear(5)
    assert measured.value(FAILURES, 5) == 0
    assert measured.value(Latency(50.0), 5) == 0
    measured.record(200, 0.003, 6)
    assert measured.value(Latency(50.0), 6) == 3


@pytest.mark.parametrize(
    ("time", "expected"), [(0, 0), (255, 255), (256, 257), (511, 511), (512, 515), (1000000, 1003519)]
)
def test_two_figures_are_kept(time: int, expected: int) -> None:
    assert _rounded(time) == expected

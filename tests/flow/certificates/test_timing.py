from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tulle.clients.acme.keys import Facts
from tulle.clients.acme.problems import Trouble
from tulle.flow.certificates import timing
from tulle.flow.certificates.timing import DAY, HOUR

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LETS_ENCRYPT = "https://acme-v02.api.letsencrypt.org/directory"


@pytest.mark.parametrize(
    ("lifetime", "before"),
    [
        (400 * DAY, 120 * DAY),
        (90 * DAY, 30 * DAY),
        (47 * DAY, 10 * DAY),
        (7 * DAY, DAY),
        (DAY, 6 * HOUR),
        (HOUR, 20 * 60.0),
    ],
)
def test_periods_are_those_of_traefik(lifetime: float, before: float) -> None:
    assert timing.period(lifetime) == before


def facts(lifetime: timedelta) -> Facts:
    return Facts(("a.example",), NOW, NOW + lifetime)


def test_ninety_days_are_renewed_thirty_before_their_end() -> None:
    when = timing.renewal(facts(timedelta(days=90)), 90 * DAY, "le/a")
    assert NOW + timedelta(days=60) <= when <= NOW + timedelta(days=61.5)
    others = {timing.renewal(facts(timedelta(days=90)), 90 * DAY, f"le/{name}") for name in range(100)}
    assert len(others) == 100, "not all in the same moment"


def test_what_lives_shorter_than_it_should_is_not_renewed_all_the_time() -> None:
    when = timing.renewal(facts(timedelta(days=6)), 90 * DAY, "le/a")
    assert NOW + timedelta(days=4) <= when <= NOW + timedelta(days=4.1)
    assert timing.renewal(facts(timedelta(days=90)), 7 * DAY, "le/a") >= NOW + timedelta(days=89), "as it is written"


def test_failures_stay_below_the_limits_of_lets_encrypt() -> None:
    """Five failures an hour for one name."""
    moments, at = [], 0.0
    for failures in range(1, 12):
        moments.append(at)
        at += timing.pause(Trouble.REFUSED, failures, None, "le/a").total_seconds()
    for start in moments:
        assert sum(start <= each < start + HOUR for each in moments) <= 5
    assert timing.pause(Trouble.REFUSED, 1000, None, "le/a") <= timedelta(hours=4.2)


def test_pauses() -> None:
    assert timing.pause(Trouble.AWAY, 1, None, "").total_seconds() == pytest.approx(5, rel=0.05)
    assert timing.pause(Trouble.AWAY, 99, None, "").total_seconds() == pytest.approx(300, rel=0.05)
    assert timing.pause(Trouble.LIMITED, 1, 9000.0, "") >= timedelta(seconds=9000), "what the authority wants"


def test_orders_stay_below_the_limits_of_an_authority() -> None:
    of_this = [NOW - timedelta(days=day) for day in (6, 5, 4, 3)]
    assert timing.allowed(LETS_ENCRYPT, of_this, (), NOW) == NOW + timedelta(days=1)
    assert timing.allowed(LETS_ENCRYPT, of_this[1:], (), NOW) == NOW
    of_all = [NOW - timedelta(minutes=30)] * 250
    assert timing.allowed(LETS_ENCRYPT, (), of_all, NOW) == NOW + timedelta(minutes=150)
    assert timing.allowed("https://ca.internal/acme", of_this * 9, of_all * 9, NOW) == NOW

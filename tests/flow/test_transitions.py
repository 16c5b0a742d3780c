from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tulle.flow.transitions import Transitions
from tulle.model.names import Name
from tulle.model.statuses import Condition, Status

SHOP, SITE = ("HTTPRoute", Name("default", "shop")), ("HTTPRoute", Name("default", "site"))


class Hand:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.time = datetime(2026, 1, 1, tzinfo=UTC)

    def now(self) -> datetime:
        return self.time

    def monotonic(self) -> float:
        return 0.0


def status(reason: str) -> Status:
    return Status(conditions=(Condition(type="Accepted", status=True, reason=reason),))


def test_a_time_is_that_of_the_last_change() -> None:
    clock = Hand()
    times = Transitions(clock)
    times.update({SHOP: status("a"), SITE: status("a")})
    clock.time += timedelta(seconds=5)
    times.update({SHOP: status("b"), SITE: status("a")})
    assert times.since == {SHOP: "2026-01-01T00:00:05Z", SITE: "2026-01-01T00:00:00Z"}
    before = times.since
    times.update({SHOP: status("b"), SITE: status("a")})
    assert times.since is before
    times.update({SITE: status("a")})
    assert times.since == {SITE: "2026-01-01T00:00:00Z"}

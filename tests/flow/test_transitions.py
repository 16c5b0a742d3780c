from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tulle.flow.transitions import Transitions
from tulle.model.names import Name
from tulle.model.statuses import Condition, ParentStatus, Place, SectionStatus, Status

SHOP, SITE = ("HTTPRoute", Name("default", "shop")), ("HTTPRoute", Name("default", "site"))


class Hand:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.time = datetime(2026, 1, 1, tzinfo=UTC)

    def now(self) -> datetime:
        return self.time

    def monotonic(self) -> float:
        return 0.0


FIRST, THEN = "2026-01-01T00:00:00Z", "2026-01-01T00:00:05Z"
PARENT = (("name", "edge"),)


def status(reason: str, *, resolved: bool = True) -> Status:
    accepted = Condition(type="Accepted", status=True, reason=reason)
    there = ParentStatus(reference=PARENT, conditions=(Condition(type="ResolvedRefs", status=resolved, reason=reason),))
    section = SectionStatus(name="http", attached_routes=0, kinds=(), conditions=(accepted,))
    return Status(conditions=(accepted,), parents=(there,), sections=(section,))


def test_a_time_is_that_of_the_last_transition_of_the_very_condition() -> None:
    clock = Hand()
    times = Transitions(clock)
    times.update({SHOP: status("a"), SITE: status("a")})
    clock.time += timedelta(seconds=5)
    times.update({SHOP: status("b", resolved=False), SITE: status("b")})
    everything: dict[Place, str] = {(None, "Accepted"): FIRST, ("http", "Accepted"): FIRST}
    assert times.since[SHOP] == {**everything, (PARENT, "ResolvedRefs"): THEN}
    assert times.since[SITE] == {**everything, (PARENT, "ResolvedRefs"): FIRST}
    before = times.since
    times.update({SHOP: status("b", resolved=False), SITE: status("b")})
    assert times.since is before
    times.update({SITE: status("b")})
    assert times.since.keys() == {SITE}

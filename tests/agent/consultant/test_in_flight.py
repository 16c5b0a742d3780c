from __future__ import annotations

from tulle.agent.consultant.in_flight import Crowd
from tulle.agent.consultant.seen import Refused
from tulle.model.consulting import InFlight


def test_so_many_at_a_time() -> None:
    crowd, question = Crowd(), InFlight(id="web", amount=2)
    first = crowd.enter(question, "a")
    assert crowd.enter(question, "a") == first
    assert crowd.enter(question, "a") == Refused(status=429, body="max connections reached: 2")
    assert not isinstance(crowd.enter(question, "b"), Refused)
    assert not isinstance(crowd.enter(InFlight(id="other", amount=1), "a"), Refused)
    assert not isinstance(first, Refused)
    crowd.leave(first)
    assert crowd.enter(question, "a") == first
    assert len(crowd) == 3
    crowd.leave(first)
    crowd.leave(first)
    assert len(crowd) == 2


def test_none_at_all() -> None:
    assert Crowd().enter(InFlight(id="web", amount=0), "a") == Refused(status=429, body="max connections reached: 0")

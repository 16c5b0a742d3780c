from __future__ import annotations

from tulle.clients.acme.solving import Challenge
from tulle.model.resolvers import ChallengeKind


def test_what_proves_something_is_not_shown() -> None:
    challenge = Challenge(kind=ChallengeKind.HTTP, domain="a.example", token="t", authorization="secret")
    assert "secret" not in repr(challenge)

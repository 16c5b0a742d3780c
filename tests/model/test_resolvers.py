from __future__ import annotations

from dataclasses import replace

from tulle.model.documents import Origin
from tulle.model.resolvers import (
    ChallengeKind,
    DnsChallenge,
    ExternalAccount,
    HttpChallenge,
    Resolver,
    TlsChallenge,
)


def test_challenges_come_in_the_order_of_preference() -> None:
    resolver = Resolver(name="le")
    assert resolver.challenges == ()
    every = replace(resolver, http=HttpChallenge(), tls=TlsChallenge(), dns=DnsChallenge(provider="exec"))
    assert every.challenges == (ChallengeKind.TLS, ChallengeKind.HTTP, ChallengeKind.DNS)


def test_resolvers_are_compared_by_settings_alone() -> None:
    assert Resolver(name="le") == Resolver(name="le", origin=Origin("file", "elsewhere.yml"))


def test_the_key_of_an_account_is_not_shown() -> None:
    assert "secret" not in repr(ExternalAccount(kid="me", hmac="secret"))

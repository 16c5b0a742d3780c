from __future__ import annotations

from dataclasses import replace

from tests.flow.certificates.making import DIRECTORY
from tulle.flow.certificates.possible import unusable
from tulle.model.resolvers import DnsChallenge, HttpChallenge, Resolver, Server

PLAIN = Resolver(name="le", server=Server(directory=DIRECTORY))


def test_what_a_resolver_needs() -> None:
    assert "has no challenge" in unusable(PLAIN)
    assert unusable(replace(PLAIN, http=HttpChallenge())) == ""
    updates = replace(PLAIN, dns=DnsChallenge(provider="exec"))
    assert "EXEC_PATH" in unusable(updates, {})
    assert unusable(updates, {"EXEC_PATH": "/bin/true"}) == unusable(updates) == ""
    assert 'no DNS provider "execc"' in unusable(replace(PLAIN, dns=DnsChallenge(provider="execc")))

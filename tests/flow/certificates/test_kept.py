from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from tulle.flow.certificates.kept import Account, Certificate, Shown, account_name, fingerprint, identity
from tulle.kit.codec import decode, encode
from tulle.model.challenges import HttpAnswer, TlsAnswer
from tulle.model.documents import Origin
from tulle.model.resolvers import ExternalAccount, Resolver, Server

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LE = Resolver(name="le")


def test_certificates_are_told_apart_by_resolver_and_names() -> None:
    assert identity("le", ["b", "a"])[3:5] == "b-"
    assert identity("le", ["b", "a"]).rpartition("-")[2] == identity("le", ["a", "b"]).rpartition("-")[2]
    assert identity("le", ["a"]) != identity("other", ["a"])
    assert identity("le", ["a", "b"]) != identity("le", ["ab"])


def test_another_authority_another_account() -> None:
    assert account_name(LE) != account_name(replace(LE, server=Server(directory="https://ca.example")))
    assert account_name(LE) == account_name(replace(LE, email="me@a.example"))


def test_a_fingerprint_is_that_of_settings() -> None:
    external = ExternalAccount(kid="a", hmac="b")
    assert fingerprint(LE) == fingerprint(replace(LE, origin=Origin("file", "elsewhere.yml")))
    others: tuple[Resolver, ...] = (replace(LE, email="a"), replace(LE, external_account=external))
    others += (replace(LE, external_account=replace(external, hmac="c")),)
    assert len({fingerprint(each) for each in (LE, *others)}) == 4


def test_a_lease_ends() -> None:
    held = Certificate(resolver="le", domains=("a",), holder="me", until=NOW)
    assert held.is_held(NOW - timedelta(seconds=1))
    assert not held.is_held(NOW)
    assert not replace(held, holder="").is_held(NOW - timedelta(seconds=1))
    assert not replace(held, until=None).is_held(NOW)


def test_records_are_what_they_were_and_show_no_keys() -> None:
    certificate = Certificate(resolver="le", domains=("a", "b"), key="secret", orders=(NOW,), retry=NOW)
    account = Account(authority="https://ca", key="secret")
    shown = Shown(tls=TlsAnswer(domain="a", certificate="c", key="secret"), until=NOW)
    for value in (certificate, account, shown):
        assert decode(type(value), encode(value)) == value
        assert "secret" not in repr(value)
    assert shown.answer is shown.tls
    http = HttpAnswer(token="t", text="t.k")
    assert Shown(http=http, until=NOW).answer is http
    assert http.path == "/.well-known/acme-challenge/t"

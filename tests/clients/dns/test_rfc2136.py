from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import dns.rcode
import pytest

from tests.clients.dns.name_server import Server, name_server
from tulle.clients.dns.base import CannotChange, TextRecord
from tulle.clients.dns.rfc2136 import Rfc2136
from tulle.clients.dns.variables import Unconfigured

NAME = "_acme-challenge.example.org."
SECRET = "c2VjcmV0c2VjcmV0"
KEY = {"RFC2136_TSIG_KEY": "tulle", "RFC2136_TSIG_SECRET": SECRET, "RFC2136_TSIG_ALGORITHM": "HMAC-SHA256."}


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with name_server() as found:
        found.knows("example.org.")
        yield found


def record(value: str) -> TextRecord:
    return TextRecord(name=NAME, value=value, domain="example.org", token="t", authorization="a")


def provider(server: Server, **more: str) -> Rfc2136:
    return Rfc2136({"RFC2136_NAMESERVER": server.address, "RFC2136_DNS_TIMEOUT": "2", **KEY, **more})


async def test_records_are_added_beside_others_and_removed_alone(server: Server) -> None:
    changing = provider(server)
    for value in ("one", "two"):
        await changing.present(record(value))
    assert server.records[NAME, "TXT"] == ['"one"', '"two"']
    await changing.remove(record("one"))
    assert server.records[NAME, "TXT"] == ['"two"']


async def test_the_key_may_be_in_a_file_of_bind(server: Server, tmp_path: Path) -> None:
    path = tmp_path / "tulle.key"
    path.write_text(f'# made by tsig-keygen\nkey "tulle" {{\n\talgorithm hmac-sha256;\n\tsecret "{SECRET}";\n}};\n')
    environment = {"DNSUPDATE_NAMESERVER": server.address, "DNSUPDATE_TSIG_FILE": str(path)}
    await Rfc2136(environment).present(record("one"))
    assert server.records[NAME, "TXT"] == ['"one"']
    for text, reason in (("hello", "there is no TSIG key in"), (None, "cannot be read")):
        path.unlink() if text is None else path.write_text(text)
        with pytest.raises(Unconfigured, match=reason):
            Rfc2136(environment)


async def test_servers_that_refuse(server: Server) -> None:
    with pytest.raises(CannotChange, match="refuses the change: NOTAUTH"):
        await provider(server, RFC2136_TSIG_SECRET="").present(record("one"))
    server.rcode = dns.rcode.SERVFAIL
    with pytest.raises(CannotChange, match="answers SERVFAIL"):
        await provider(server).present(record("one"))
    server.rcode = dns.rcode.NOERROR
    server.records.clear()
    with pytest.raises(CannotChange, match="no zone of"):
        await provider(server).present(record("one"))


async def test_servers_that_stay_away(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    changing = provider(server, RFC2136_DNS_TIMEOUT="0.1")

    async def zone(*_: object, **__: object) -> str:
        server.is_silent = True
        return "example.org."

    monkeypatch.setattr("tulle.clients.dns.rfc2136.zone_of", zone)
    with pytest.raises(CannotChange, match="does not take the change: The DNS operation timed out"):
        await changing.present(record("one"))


async def test_a_key_that_is_another(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    import dns.asyncquery
    import dns.tsig

    async def refused(*_: object, **__: object) -> None:
        raise dns.tsig.PeerBadKey

    changing = provider(server)
    monkeypatch.setattr("tulle.clients.dns.rfc2136.zone_of", _zone)
    monkeypatch.setattr(dns.asyncquery, "udp_with_fallback", refused)
    with pytest.raises(CannotChange, match="refuses the key: The peer didn't know the key"):
        await changing.present(record("one"))


async def _zone(*_: object, **__: object) -> str:
    return "example.org."


def test_settings_that_cannot_be() -> None:
    with pytest.raises(Unconfigured, match="the variable RFC2136_NAMESERVER of the environment is not set"):
        Rfc2136({})
    with pytest.raises(Unconfigured, match='algorithm "hmac-md5" is not known; there are hmac-sha1,'):
        Rfc2136({"RFC2136_NAMESERVER": "a", **KEY, "RFC2136_TSIG_ALGORITHM": "hmac-md5"})
    with pytest.raises(Unconfigured, match="no name with a secret in base64"):
        Rfc2136({"RFC2136_NAMESERVER": "a", **KEY, "RFC2136_TSIG_SECRET": "a"})


def test_times_are_those_of_lego() -> None:
    usual = Rfc2136({"RFC2136_NAMESERVER": "a"})
    assert (usual.propagation_timeout, usual.polling_interval) == (60.0, 2.0)

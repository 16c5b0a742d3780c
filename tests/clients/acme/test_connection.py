from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from tests.clients.acme.authority import Authority, authority
from tulle.clients.acme import keys
from tulle.clients.acme.connection import Connection, pause
from tulle.clients.acme.problems import CannotObtain, Trouble
from tulle.model.resolvers import ExternalAccount

KEY = keys.new_account_key()


@pytest.fixture
def ca() -> Iterator[Authority]:
    with authority() as found:
        yield found


@pytest.fixture
def connection(ca: Authority) -> Iterator[Connection]:
    made = Connection(ca.server, KEY)
    yield made
    made.close()


def test_an_account_is_made_and_used(ca: Authority, connection: Connection) -> None:
    address = connection.register("me@example.org")
    assert address == ca.web.at("/account/1")
    assert ca.said("account") == [{"termsOfServiceAgreed": True, "contact": ["mailto:me@example.org"]}]
    connection.order(("a.example", "::1"), profile="shortlived")
    (_, first, _), (_, second, content) = ca.payloads
    assert "jwk" in first
    assert second["kid"] == address
    assert content == {
        "identifiers": [{"type": "dns", "value": "a.example"}, {"type": "ip", "value": "::1"}],
        "profile": "shortlived",
    }


def test_an_account_without_an_address_to_write_to(ca: Authority, connection: Connection) -> None:
    connection.register("")
    assert ca.said("account") == [{"termsOfServiceAgreed": True}]


def test_an_external_account(ca: Authority, connection: Connection) -> None:
    ca.meta["externalAccountRequired"] = True
    with pytest.raises(CannotObtain, match=r"give their eab\.kid"):
        connection.register("")
    connection.register("", ExternalAccount(kid="me", hmac="+/8="))
    assert ca.said("account")[0]["externalAccountBinding"].keys() == {"protected", "payload", "signature"}
    with pytest.raises(CannotObtain, match="not URL-safe base64"):
        connection.register("", ExternalAccount(kid="me", hmac="a"))


def test_what_an_authority_refuses(ca: Authority) -> None:
    connection = Connection(ca.server, KEY, ca.web.at("/account/1"))
    ca.problems["order"] = [(429, "rateLimited", "too many"), (400, "rejectedIdentifier", "not that")]
    ca.headers["Retry-After"] = "7200"
    with pytest.raises(CannotObtain) as caught:
        connection.order(("a.example",))
    assert (caught.value.trouble, caught.value.pause) == (Trouble.LIMITED, 7200.0)
    ca.headers.clear()
    with pytest.raises(CannotObtain, match=r"not that \(rejectedIdentifier\)") as caught:
        connection.order(("a.example",))
    assert (caught.value.trouble, caught.value.pause) == (Trouble.REFUSED, None)
    connection.close()


def test_a_used_nonce_is_no_problem(ca: Authority, connection: Connection) -> None:
    ca.problems["account"] = [(400, "badNonce", "used")] * 5
    assert connection.register("")
    ca.problems["account"] = [(400, "badNonce", "used")] * 6
    with pytest.raises(CannotObtain) as caught:
        connection.register("")
    assert caught.value.trouble is Trouble.AWAY


@pytest.mark.parametrize(
    "answer", [(200, "", "hello"), (200, "", "[]"), (200, "", "{}"), (500, "", "oops"), (502, "", "")]
)
def test_garbage_instead_of_a_directory(ca: Authority, connection: Connection, answer: tuple[int, str, str]) -> None:
    ca.problems["directory"] = [answer]
    with pytest.raises(CannotObtain) as caught:
        connection.register("")
    assert caught.value.trouble is Trouble.AWAY


@pytest.mark.parametrize("answer", [(200, "", "hello"), (200, "", "[]"), (200, "", "{}"), (409, "", "")])
def test_garbage_instead_of_an_account_or_order(
    ca: Authority, connection: Connection, answer: tuple[int, str, str]
) -> None:
    ca.problems |= {"account": [answer], "order": [answer]}
    with pytest.raises(CannotObtain):
        connection.register("")
    with pytest.raises(CannotObtain):
        connection.order(("a.example",))


def test_when_it_may_be_tried_again() -> None:
    assert pause("120") == 120.0
    assert pause("99999999") == 7 * 24 * 3600.0
    assert pause("soon") is None
    assert pause("") is None
    soon = datetime.now(UTC) + timedelta(hours=1)
    assert 3590 < (pause(format_datetime(soon, usegmt=True)) or 0) <= 3600
    assert 3590 < (pause(soon.strftime("%a, %d %b %Y %H:%M:%S -0000")) or 0) <= 3600
    assert pause("Mon, 01 Jan 2001 00:00:00 GMT") == 0.0

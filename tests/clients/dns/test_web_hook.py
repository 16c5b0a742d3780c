from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.clients.servers import Handler, Web, web
from tulle.clients.dns.base import CannotChange, TextRecord
from tulle.clients.dns.variables import Unconfigured
from tulle.clients.dns.web_hook import WebHook

RECORD = TextRecord(name="_acme-challenge.a.example.", value="v", domain="a.example", token="t", authorization="t.k")


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Web]:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    with web() as found:
        yield found


async def test_it_is_asked_as_lego_asks_it(server: Web) -> None:
    logins: list[str | None] = []

    def note(handler: Handler) -> None:
        logins.append(handler.headers["authorization"])
        handler.say(200)

    server.answers |= {"/dns/present": note, "/dns/cleanup": note}
    environment = {"HTTPREQ_ENDPOINT": server.at("/dns/")}
    await WebHook(environment).present(RECORD)
    await WebHook(environment | {"HTTPREQ_USERNAME": "me", "HTTPREQ_PASSWORD": "it"}).remove(RECORD)
    await WebHook(environment | {"HTTPREQ_MODE": "RAW"}).present(RECORD)
    assert server.asked == ["/dns/present", "/dns/cleanup", "/dns/present"]
    assert [json.loads(body) for body in server.bodies] == [
        {"fqdn": "_acme-challenge.a.example.", "value": "v"},
        {"fqdn": "_acme-challenge.a.example.", "value": "v"},
        {"domain": "a.example", "token": "t", "keyAuth": "t.k"},
    ]
    assert logins == [None, "Basic bWU6aXQ=", None]


async def test_one_that_fails(server: Web) -> None:
    made = WebHook({"HTTPREQ_ENDPOINT": server.at("").replace("://", "://me:secret@")})
    with pytest.raises(CannotChange, match=r"^http://localhost:[0-9]+/present answers 404 Not Found"):
        await made.present(RECORD)
    server.close()
    with pytest.raises(CannotChange, match=r"^http://localhost:[0-9]+/cleanup cannot be reached"):
        await made.remove(RECORD)


def test_it_has_to_be_named() -> None:
    with pytest.raises(Unconfigured, match="HTTPREQ_ENDPOINT"):
        WebHook({})

from __future__ import annotations

from dataclasses import replace

import pytest

from tulle.dialects.native.writing.content import Content, Offer, Placed
from tulle.flow.comparing import comparable, lost, origin_of
from tulle.flow.conversion import read
from tulle.model.documents import BUILT_IN
from tulle.model.names import Name
from tulle.model.policies import ClientTls, Fault, TlsMode
from tulle.model.routes import Backend, Forward, Match, Respond, RouteRule, StreamRule
from tulle.model.services import Endpoint, Port, Service

SERVICE = Service(name=Name("a", "web"), origin=BUILT_IN, ports=(Port(name="http", number=80),), account="web")
CONTENT = Content(offers=(Offer(service=SERVICE),))
SIMPLE = ClientTls(mode=TlsMode.SIMPLE, ca_file="a")
WEB = Backend(service=Name("a", "web"), weight=3, origin=read("{}\n")[0].origin)


def test_nothing_is_lost_where_all_is_said() -> None:
    assert list(lost(CONTENT, CONTENT, {})) == []


def test_what_is_said_otherwise_is_told_at_its_smallest_part() -> None:
    other = replace(SERVICE, ports=(Port(name="http", number=81),), alias="." * 100)
    found = list(lost(Content(offers=(Offer(service=other),)), CONTENT, {}))
    assert [each.message for each in found] == [
        "is not said as it was: service.ports[0].number (81)",
        f"is not said as it was: service.alias ({'.' * 77}...)",
    ]
    assert found[0].key == ("native/service", Name("a", "web"))


def test_what_is_not_said_at_all_is_told_with_its_reason() -> None:
    assert [each.message for each in lost(CONTENT, Content(), {})] == ["is not said"]
    why = {("native/service", Name("a", "web")): "web is wrong"}
    assert [each.message for each in lost(CONTENT, CONTENT, why)] == ["cannot be said: web is wrong"]
    undeclared = Content(offers=(Offer(service=SERVICE, is_declared=False),))
    assert list(lost(undeclared, Content(), {})) == []


@pytest.mark.parametrize(
    ("one", "two"),
    [
        (Forward(backends=(WEB,), timeout=0.0), Forward(backends=(replace(WEB, weight=1, origin=BUILT_IN),))),
        (Forward(backends=(WEB, replace(WEB, weight=1))), Forward(backends=(WEB,))),
        (Forward(backends=(replace(WEB, weight=0),), status_without_backends=500), Respond(status=500)),
        (Forward(backends=(replace(WEB, problem="gone"),)), Respond(status=503)),
        (
            ClientTls(mode=TlsMode.SIMPLE, uses_system_ca=False),
            ClientTls(mode=TlsMode.SIMPLE, skips_verification=True),
        ),
        (SIMPLE, replace(SIMPLE, uses_system_ca=False)),
        (Fault(delay=1.0, abort_percent=5.0), Fault(delay=1.0)),
        (Fault(abort_status=500, delay_percent=5.0), Fault(abort_status=500)),
        (Match(methods=("B", "A")), Match(methods=("A", "B"))),
    ],
)
def test_what_means_the_same_is_the_same(one: object, two: object) -> None:
    assert comparable(one) == comparable(two)


def test_services_whose_places_show_nothing_have_no_account() -> None:
    elsewhere = replace(SERVICE, addresses=(Endpoint(address="10.0.0.1", port=80),))
    one, two = (Offer(service=each) for each in (elsewhere, replace(elsewhere, account="other")))
    assert list(lost(Content(offers=(one,)), Content(offers=(two,)), {})) == []
    other = Content(offers=(Offer(service=replace(SERVICE, account="other")),))
    assert [each.message for each in lost(CONTENT, other, {})] == ["is not said as it was: service.account (web)"]


def test_places_begin_with_their_first_rule() -> None:
    rule = RouteRule(name="", origin=WEB.origin, matches=(Match(),), action=Respond(status=200))
    stream = StreamRule(name="", origin=BUILT_IN, matches=(), backends=())
    assert origin_of(Placed(namespace="", hosts=("*",), rules=(rule,), streams=(stream,))) is WEB.origin
    assert origin_of(Placed(namespace="", hosts=("*",), streams=(stream,))) is BUILT_IN

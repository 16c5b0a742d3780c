from __future__ import annotations

from dataclasses import replace

import pytest

from tulle.dialects.native.writing.content import Content, Entrance, Offer, Placed
from tulle.flow.comparing import Loss, comparable, lost, parts
from tulle.model.documents import BUILT_IN, Origin
from tulle.model.extensions import Ingress, LogProvider
from tulle.model.listeners import Certificate, ClientTrust, Listener, ListenerHost
from tulle.model.mesh import Settings
from tulle.model.names import Name
from tulle.model.policies import ClientTls, Fault, TlsMode
from tulle.model.routes import Backend, Forward, Match, PathKind, PathMatch, Respond, RouteRule, Source, StreamRule
from tulle.model.security import AccessPolicy, PeerAuthentication, PeerMode, RequestAuthentication, TokenRule
from tulle.model.services import Endpoint, Service, Subset
from tulle.model.workloads import Workload

HERE = Origin("file", "a.yaml", subject="service web")
WEB = Name("shop", "web")


def service(**more: object) -> Service:
    return Service(**{"name": WEB, "origin": HERE, "ports": (), "account": "web", **more})  # type: ignore[arg-type]


def rule(status: int = 200, path: str = "/a", origin: Origin = HERE) -> RouteRule:
    matches = (Match(path=PathMatch(PathKind.PREFIX, path)),)
    return RouteRule(name="r", origin=origin, matches=matches, action=Respond(status=status))


def placed(*rules: RouteRule, hosts: tuple[str, ...] = ("a.test",), **more: object) -> Placed:
    return Placed(namespace="shop", hosts=hosts, rules=rules, **more)  # type: ignore[arg-type]


def backend(**more: object) -> Backend:
    return Backend(**{"service": WEB, "origin": HERE, **more})  # type: ignore[arg-type]


def losses(wanted: Content, got: Content) -> list[str]:
    return [each.message for each in lost(wanted, got, {})]


def test_what_is_said_with_other_places_and_names_is_the_same() -> None:
    one = Content(offers=(Offer(service=service(), rules=(rule(),)),), routes=(placed(rule()),))
    elsewhere = Origin("file", "b.yaml")
    named = replace(rule(origin=elsewhere), name="other")
    other = Content(offers=(Offer(service=service(origin=elsewhere), rules=(named,)),), routes=(placed(named),))
    assert losses(one, other) == []


def test_a_loss_is_at_its_line_and_says_what_is_different() -> None:
    wanted, got = (Content(offers=(Offer(service=service(identities=(each,))),)) for each in ("mine", "its"))
    assert list(lost(wanted, got, {})) == [
        Loss(("native/service", WEB), HERE, "is not said as it was: service.identities[0] (mine)")
    ]
    wanted = Content(offers=(Offer(service=service(identities=("long " * 40,))),))
    (message,) = losses(wanted, got)
    assert message.endswith("...)") and len(message) < 140


def test_what_is_not_there_is_not_said_and_what_cannot_be_read_says_why() -> None:
    wanted = Content(offers=(Offer(service=service()),))
    assert losses(wanted, Content()) == ["is not said"]
    unreadable = {("native/service", WEB): "port must be a number"}
    (found,) = lost(wanted, wanted, unreadable)
    assert found.message == "cannot be said: port must be a number"


def test_services_that_are_only_spoken_of_are_no_loss() -> None:
    assert losses(Content(offers=(Offer(service=service(), is_declared=False),)), Content()) == []


def test_routes_are_compared_where_they_stand() -> None:
    together = Content(routes=(placed(rule(), hosts=("a.test", "b.test"), listeners=("x", "y")),))
    apart = Content(
        routes=tuple(placed(rule(), hosts=(h,), listeners=(x,)) for h in ("a.test", "b.test") for x in "yx")
    )
    assert losses(together, apart) == losses(apart, together) == []
    assert losses(together, Content(routes=apart.routes[1:])) == ["is not said"]
    assert losses(Content(routes=(placed(rule(), is_mesh=True),)), Content(routes=(placed(rule()),))) == ["is not said"]


def test_the_order_of_free_routes_says_nothing_that_of_others_does() -> None:
    free = [placed(each, is_free=True) for each in (rule(), rule(201, "/b"))]
    assert losses(Content(routes=tuple(free)), Content(routes=tuple(reversed(free)))) == []
    ordered, turned = placed(rule(), rule(201, "/b")), placed(rule(201, "/b"), rule())
    assert losses(Content(routes=(ordered,)), Content(routes=(turned,)))


def test_rules_for_connections_are_at_their_own_lines() -> None:
    stream = StreamRule(name="s", origin=HERE, matches=(), backends=(backend(weight=7),))
    (found,) = lost(Content(routes=(placed(streams=(stream,), is_mesh=True),)), Content(), {})
    assert found.origin is HERE


def peer(name: str, mode: PeerMode, **more: object) -> PeerAuthentication:
    return PeerAuthentication(name=Name("istio-system", name), origin=HERE, mode=mode, **more)  # type: ignore[arg-type]


def test_the_mode_of_the_whole_mesh_is_that_of_whatever_name() -> None:
    strict = PeerMode.STRICT
    assert losses(Content(peers=(peer("a", strict),)), Content(peers=(peer("b", strict),))) == []
    assert losses(Content(peers=(peer("a", strict),)), Content(peers=(peer("a", PeerMode.DISABLE),)))
    selecting = peer("a", strict, selector=(("app", "web"),))
    assert [each.place for each in parts(Content(peers=(selecting,)))][1:] == [("native/mtls", selecting.name)]


def test_loggers_of_the_mesh_have_no_order_and_the_usual_one_no_name() -> None:
    one, two = (LogProvider(name=each, origin=HERE) for each in ("one", "two"))
    wanted = Content(settings=Settings(logger=one, loggers=(one, two)))
    assert losses(wanted, Content(settings=Settings(logger=two, loggers=(two, one)))) == []
    assert losses(wanted, Content(settings=Settings(logger=two, loggers=(one,))))


def test_each_issuer_of_a_policy_is_a_part() -> None:
    good, other = (TokenRule(origin=HERE, issuer=each, jwks='{"keys": []}') for each in ("good", "other"))
    policy = RequestAuthentication(name=WEB, origin=HERE, rules=(good, other))
    singles = tuple(
        RequestAuthentication(name=Name("shop", f"web-{index}"), origin=BUILT_IN, rules=(each,))
        for index, each in enumerate((replace(good, jwks='{ "keys": [ ] }'), other), 1)
    )
    assert losses(Content(tokens=(policy,)), Content(tokens=singles)) == []
    assert losses(Content(tokens=(policy,)), Content(tokens=singles[:1])) == ["is not said"]


def test_policies_and_listeners_are_parts_by_name() -> None:
    policy = AccessPolicy(name=WEB, origin=HERE)
    http = listener()
    content = Content(access=(policy,), entrances=(Entrance(listener=http),))
    assert [each.key for each in parts(content)][1:] == [
        ("native/listener", http.name),
        ("native/access", policy.name),
    ]
    assert losses(content, Content()) == ["is not said", "is not said"]


def workload(**more: object) -> Workload:
    usual = {"name": WEB, "origin": HERE, "service": WEB, "command": "web", "directory": "/"}
    return Workload(**{**usual, **more})  # type: ignore[arg-type]


def test_workloads_of_a_service_have_no_order() -> None:
    one, two = workload(name=Name("shop", "web-v1")), workload(name=Name("shop", "web-v2"))
    first, second = (Content(offers=(Offer(service=service(), workloads=each),)) for each in ((one, two), (two, one)))
    assert losses(first, second) == []


@pytest.mark.parametrize(
    ("place", "more", "is_same"),
    [
        (Endpoint(address="10.0.0.1"), {}, True),
        (Endpoint(address="10.0.0.1", is_meshed=True), {}, False),
        (Endpoint(address="10.0.0.1"), {"selector": (("app", "web"),)}, False),
    ],
    ids=lambda each: type(each).__name__,
)
def test_an_account_that_nobody_shows_says_nothing(place: Endpoint, more: dict[str, object], is_same: bool) -> None:
    one, other = (
        Content(offers=(Offer(service=service(addresses=(place,), account=each, **more)),)) for each in ("a", "b")
    )
    assert (losses(one, other) == []) is is_same


def listener(*certificates: Certificate) -> Listener:
    return Listener(name=Name("tulle-system", "http"), origin=HERE, port=8080, certificates=certificates)


LABELS = (("b", "1"), ("a", "1"))
TURNED = (("a", "1"), ("b", "1"))
SIMPLE, CA = TlsMode.SIMPLE, "ca.pem"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Subset(name="v", labels=LABELS), Subset(name="v", labels=TURNED)),
        (Endpoint(address="a", labels=LABELS), Endpoint(address="a", labels=TURNED)),
        (Source(labels=LABELS), Source(labels=TURNED)),
        (workload(own_labels=(("app", "web"),)), None),
        (listener(Certificate(hosts=("a",)), Certificate()), listener(Certificate(), Certificate(hosts=("a",)))),
        (Match(methods=("PUT", "GET")), Match(methods=("GET", "PUT"))),
        (ListenerHost(host="a", namespaces=("b",)), ListenerHost(host="a")),
        (Certificate(searches_root=True), Certificate()),
        (ClientTrust(searches_root=True), ClientTrust()),
        (Ingress(origin=HERE, port=1, protocol="HTTP"), Ingress(origin=HERE, port=1, protocol="http")),
        (
            LogProvider(name="a", origin=HERE, labels='{"a": 1, "b": 2}'),
            LogProvider(name="a", origin=HERE, labels='{"b": 2, "a": 1}'),
        ),
        (ClientTls(mode=SIMPLE, uses_system_ca=False), ClientTls(mode=SIMPLE, skips_verification=True)),
        (ClientTls(mode=SIMPLE, uses_system_ca=False, ca_file=CA), ClientTls(mode=SIMPLE, ca_file=CA)),
        (Fault(delay=1.0, abort_percent=5.0), Fault(delay=1.0)),
        (Fault(abort_status=500, delay_percent=5.0), Fault(abort_status=500)),
        (Forward(backends=(backend(weight=7),)), Forward(backends=(backend(),), timeout=0.0)),
        (Forward(backends=(), status_without_backends=500), Respond(status=500)),
        (Forward(backends=(backend(weight=0),)), Respond(status=503)),
        (Forward(backends=(backend(), backend(problem="is unknown"))), Forward(backends=(backend(),))),
    ],
    ids=lambda each: type(each).__name__,
)
def test_words_that_mean_the_same(one: object, other: object) -> None:
    other = workload() if other is None else other
    assert _plain(comparable(one)) == _plain(comparable(other))


def _plain(value: object) -> object:
    """Things that are compared by identity, by what they say."""
    return repr(value) if isinstance(value, Workload | LogProvider | Listener) else value


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (ClientTls(mode=SIMPLE), ClientTls(mode=SIMPLE, skips_verification=True)),
        (Fault(delay=1.0, delay_percent=5.0), Fault(delay=1.0)),
        (Fault(abort_grpc_status=10, abort_percent=5.0), Fault(abort_grpc_status=10)),
        (
            Forward(backends=(backend(weight=7), backend(subset="v", weight=1))),
            Forward(backends=(backend(), backend(subset="v"))),
        ),
        (Forward(backends=(backend(),), timeout=1.0), Forward(backends=(backend(),))),
    ],
    ids=lambda each: type(each).__name__,
)
def test_words_that_mean_something_else(one: object, other: object) -> None:
    assert comparable(one) != comparable(other)

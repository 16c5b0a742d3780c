from __future__ import annotations

import pytest

from tests.flow.written import built, messages
from tulle.flow import flattening
from tulle.flow.flattening import Place
from tulle.model.documents import BUILT_IN
from tulle.model.listeners import Listener, ListenerProtocol
from tulle.model.names import SYSTEM_NAMESPACE, Name
from tulle.model.routes import (
    Backend,
    Forward,
    Match,
    PathKind,
    PathMatch,
    Redirect,
    Respond,
    Rewrite,
    RouteRule,
    RouteSet,
    Source,
    StreamMatch,
    StreamRule,
    ValueKind,
    ValueMatch,
)

Action = Forward | Redirect | Respond


def at(path: str, kind: PathKind = PathKind.PREFIX) -> Match:
    return Match(path=PathMatch(kind, path))


def header(value: str, name: str = "x", *, invert: bool = False) -> Match:
    return Match(headers=(ValueMatch(name, ValueKind.EXACT, value, invert=invert),))


def rule(*matches: Match, action: Action | None = None, status: int = 200) -> RouteRule:
    return RouteRule(name="", origin=BUILT_IN, matches=matches or (Match(),), action=action or Respond(status=status))


def backend(service: str = "web", weight: int = 1, problem: str = "") -> Backend:
    return Backend(service=Name("shop", service), origin=BUILT_IN, weight=weight, problem=problem)


def routes(*rules: RouteRule, **more: object) -> RouteSet:
    return RouteSet(name=Name("shop", "r"), origin=BUILT_IN, rules=rules, **more)  # type: ignore[arg-type]


def place(*matches: Match) -> Place:
    """One in which each match has its own answer."""
    steps = tuple((match, rule(match, status=200 + index)) for index, match in enumerate(matches))
    return Place(hosts=("a",), listeners=(), steps=steps, namespace="shop")


@pytest.mark.parametrize(
    ("matches", "is_free"),
    [
        ((at("/cart"), Match()), True),
        ((Match(), at("/cart")), False),
        ((at("/a"), at("/b")), True),
        ((at("/a"), at("/A")), False),
        ((at("/.", PathKind.REGEX), at("/[a]", PathKind.REGEX)), False),
        ((Match(methods=("GET",)), Match(methods=("PUT",))), True),
        ((Match(methods=("GET", "PUT")), Match(methods=("PUT",))), False),
        ((header("1"), header("2")), True),
        ((header("1"), header("1", "y")), False),
        ((header("1", invert=True), header("2")), False),
        ((header("1"), header("2", invert=True)), False),
        ((Match(), Match(headers=())), False),
    ],
)
def test_the_order_says_nothing_where_the_most_specific_wins_or_nothing_fits_both(
    matches: tuple[Match, ...], is_free: bool
) -> None:
    assert place(*matches).is_free is is_free


def test_rules_that_do_the_same_are_better_said_once() -> None:
    steps = tuple((match, rule(match)) for match in (at("/a"), at("/b")))
    assert not Place(hosts=("a",), listeners=(), steps=steps, namespace="shop").is_free
    (only,) = flattening.rules_of(steps)
    assert only.matches == (at("/a"), at("/b"))
    other = at("/c"), rule(at("/c"), status=404)
    assert [len(each.matches) for each in flattening.rules_of((steps[0], other, steps[1]))] == [1, 1, 1]


GATEWAY = """
gateway: {listeners: {one: {port: 8081}, two: {port: 8082}}}
routes:
- {hosts: [a.test, b.test], listeners: [one], path: /a, respond: 200}
- {host: c.test, respond: 201}
"""
LIMITED = """
gateway:
  listeners:
    one: {port: 8081, hosts: [a.test]}
    db: {port: 8443, protocol: tls, tls: {passthrough: true}, streams: [{match: {server_names: db.test}, to: 'db:80'}]}
services: {db: {port: 80, protocol: tcp, addresses: ['10.0.0.1']}}
routes: [{hosts: ['*.test', a.test], respond: 200}]
"""
NARROW = """
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: edge}
spec: {selector: {istio: ingressgateway}, servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ['*']}]}
"""
NEVER = """
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: never}
spec:
  hosts: [a.test]
  gateways: [edge]
  http: [{match: [{port: 99}], directResponse: {status: 200}}]
"""


def test_places_name_listeners_only_where_they_must() -> None:
    found = flattening.at_listeners(built(GATEWAY))
    assert {(each.hosts, each.listeners) for each in found} == {(("a.test", "b.test"), ("one",)), (("c.test",), ())}


def test_routes_stand_once_at_a_listener_though_several_of_their_hosts_are_its_own() -> None:
    mesh = built(LIMITED)
    assert messages(mesh) == []
    (only,) = flattening.at_listeners(mesh)
    assert (only.hosts, len(only.steps)) == (("a.test",), 1)
    one, db = (mesh.listeners[Name(SYSTEM_NAMESPACE, each)] for each in ("one", "db"))
    assert flattening.attached(mesh, one) == []
    assert [len(each.streams) for each in flattening.attached(mesh, db)] == [1]


def test_a_host_of_which_no_rule_can_match_is_answered_404() -> None:
    (only,) = flattening.at_listeners(built(NARROW, NEVER))
    ((match, answer),) = only.steps
    assert (only.hosts, match, answer.action) == (("a.test",), Match(), Respond(status=404))


def test_what_comes_after_a_rule_for_everything_is_left_out() -> None:
    first, second = rule(at("/"), status=200), rule(at("/never"), status=404)
    (only,) = flattening.of_mesh([routes(first, second, by_specificity=False)])
    assert (only.matches, only.action) == ((Match(),), Respond(status=200))


@pytest.mark.parametrize(
    ("match", "action", "wanted"),
    [
        (at("/"), Redirect(prefix="/x"), Match()),
        (at("/", PathKind.TEXT_PREFIX), Redirect(path="/x"), Match()),
        (at("/", PathKind.TEXT_PREFIX), Redirect(prefix="/x"), at("/", PathKind.TEXT_PREFIX)),
        (
            at("/", PathKind.TEXT_PREFIX),
            Forward(backends=(backend(),), rewrite=Rewrite(prefix="/x")),
            at("/", PathKind.TEXT_PREFIX),
        ),
        (at("/", PathKind.TEXT_PREFIX), Forward(backends=(backend(),)), Match()),
        (at("/", PathKind.EXACT), Respond(status=200), at("/", PathKind.EXACT)),
    ],
)
def test_a_path_that_is_every_path_is_none_unless_it_is_replaced(match: Match, action: Action, wanted: Match) -> None:
    (only,) = flattening.of_mesh([routes(rule(match, action=action))])
    assert only.matches == (wanted,)


@pytest.mark.parametrize(
    ("action", "wanted"),
    [
        (Redirect(prefix="/x"), Redirect(path="/x")),
        (Redirect(host="h"), Redirect(host="h")),
        (
            Forward(backends=(backend(),), rewrite=Rewrite(prefix="/x", host="h")),
            Forward(backends=(backend(),), rewrite=Rewrite(path="/x", host="h")),
        ),
        (Forward(backends=(backend(),)), Forward(backends=(backend(),))),
        (Respond(status=200), Respond(status=200)),
    ],
)
def test_what_a_regular_expression_matches_is_replaced_as_a_whole(action: Action, wanted: Action) -> None:
    match = at("/a.*", PathKind.REGEX)
    (only,) = flattening.of_mesh([routes(rule(match, action=action))])
    assert only.action == wanted


@pytest.mark.parametrize("backends", [(), (backend(weight=0),), (backend(problem="is of no known kind"),)])
def test_a_rule_that_sends_to_nobody_says_what_it_answers(backends: tuple[Backend, ...]) -> None:
    (only,) = flattening.of_mesh([routes(rule(action=Forward(backends=backends, status_without_backends=500)))])
    assert only.action == Respond(status=500)


def test_for_whom_and_for_which_port_rules_are_becomes_a_condition() -> None:
    buyer = Source(namespace="shop", labels=(("app", "buyer"),))
    rules = (
        rule(Match(source=buyer, ports=(80,))),
        rule(Match(source=Source(namespace="far")), status=201),
        rule(Match(ports=(81,)), status=202),
        rule(at("/a"), status=203),
    )
    found = flattening.of_mesh([routes(*rules, exports=(".", "till"), service_port=80, by_specificity=False)])
    assert [each.matches for each in found] == [
        (Match(source=buyer, ports=(80,)),),
        tuple(
            Match(path=PathMatch(PathKind.PREFIX, "/a"), ports=(80,), source=Source(namespace=each))
            for each in ("shop", "till")
        ),
    ]


def test_rules_for_everybody_on_every_port_stay_as_they_are() -> None:
    given = routes(rule())
    assert flattening.limited(given) is given
    (only,) = flattening.limited(routes(rule(), service_port=80)).rules
    assert only.matches == (Match(ports=(80,)),)
    (only,) = flattening.limited(routes(rule(), exports=("till",))).rules
    assert only.matches == (Match(source=Source(namespace="till")),)


def stream(*matches: StreamMatch, name: str = "s", service: str = "db") -> StreamRule:
    return StreamRule(name=name, origin=BUILT_IN, matches=matches, backends=(backend(service),))


def test_the_same_holds_for_connections() -> None:
    sets = [
        routes(
            streams=(
                stream(StreamMatch(), StreamMatch(ports=(81,))),
                stream(StreamMatch(ports=(80, 82)), name="t"),
                stream(StreamMatch(gateways=(Name("shop", "edge"),)), name="gateway"),
            ),
            exports=(".",),
            service_port=80,
        ),
        routes(streams=(stream(StreamMatch(ports=(9,)), name="any"),)),
    ]
    own = StreamMatch(ports=(80,), source=Source(namespace="shop"))
    found = {each.name: each.matches for each in flattening.streams_of_mesh(sets)}
    assert found == {"s": (own,), "t": (own,), "any": (StreamMatch(ports=(9,)),)}


def listener(protocol: ListenerProtocol, *backends: Backend) -> Listener:
    return Listener(name=Name("shop", "x"), origin=BUILT_IN, port=9000, protocol=protocol, backends=backends)


def test_connections_of_a_listener_are_told_apart_by_what_can_hold_there() -> None:
    given = stream(StreamMatch(server_names=("a.test",)), StreamMatch(ports=(9000,), server_names=("b.test",)))
    sets = [
        routes(streams=(given, stream(StreamMatch(ports=(1,)), name="elsewhere"))),
        routes(streams=(stream(StreamMatch(), name="named"),), hosts=("c.test", "*")),
        routes(streams=(stream(StreamMatch(), name="rest"), stream(StreamMatch(), name="never"))),
    ]
    found = flattening.at_listener(listener(ListenerProtocol.TLS), sets)
    assert [(each.name, each.matches) for each in found] == [
        ("s", (StreamMatch(server_names=("a.test",)), StreamMatch(server_names=("b.test",)))),
        ("named", (StreamMatch(server_names=("c.test",)),)),
        ("rest", (StreamMatch(),)),
    ]
    assert [each.name for each in flattening.at_listener(listener(ListenerProtocol.TLS), sets[1:2])] == ["named"]
    plain = flattening.at_listener(listener(ListenerProtocol.TCP), sets[1:])
    assert [(each.name, each.matches) for each in plain] == [("named", (StreamMatch(),))]


def test_the_last_rule_of_a_listener_may_be_what_the_listener_itself_says() -> None:
    mesh = built("namespace: shop\nservices: {web: {port: 80, command: web}}\n")
    tcp, udp = listener(ListenerProtocol.TCP), listener(ListenerProtocol.UDP)
    named, rest = stream(StreamMatch(server_names=("a",))), stream(StreamMatch(), service="rest")
    taken, others = flattening.rest_of(mesh, tcp, (named, rest))
    assert ([each.service.name for each in taken.backends], others) == (["rest"], (named,))
    assert flattening.rest_of(mesh, tcp, (named,)) == (tcp, (named,))
    assert flattening.rest_of(mesh, tcp, ()) == (tcp, ())
    own = listener(ListenerProtocol.TCP, backend())
    assert flattening.rest_of(mesh, own, (rest,)) == (own, (rest,))
    taken, others = flattening.rest_of(mesh, udp, (rest, named))
    assert ([each.service.name for each in taken.backends], others) == (["rest"], ())
    spoken = stream(StreamMatch(), service="web")
    assert flattening.rest_of(mesh, tcp, (spoken,)) == (tcp, (spoken,))


HOSTS = """
routes:
- {mesh: true, hosts: [a.test, b.test], rules: [{respond: 200}]}
- {mesh: true, host: '*.test', rules: [{respond: 404}]}
"""


def test_sets_that_name_several_of_a_service_s_hosts_count_once() -> None:
    mesh = built(HOSTS)
    (only,) = flattening.own_sets(mesh, ("a.test", "b.test", "c.test"))
    assert set(only.mesh_hosts) == {"a.test", "b.test"}


def test_rules_of_which_each_sends_all_to_the_same_are_one() -> None:
    first, second = (
        rule(at(path), action=Forward(backends=(backend(weight=weight),))) for path, weight in (("/a", 5), ("/b", 2))
    )
    (only,) = flattening.of_mesh([routes(first, second, by_specificity=False)])
    assert isinstance(only.action, Forward)
    assert (len(only.matches), only.action.backends[0].weight) == (2, 1)


def test_shares_of_the_same_are_one_share() -> None:
    one, two = backend("a", 3), backend("b", 4)
    assert flattening.shares((one, two)) == (one, two)
    assert [(each.service.name, each.weight) for each in flattening.shares((one, two, one))] == [("a", 6), ("b", 4)]
    assert [each.weight for each in flattening.shares((one, one))] == [1]
    whole = (backend("a", 1),)
    assert flattening.shares(whole) == whole

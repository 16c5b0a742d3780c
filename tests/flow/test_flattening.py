from __future__ import annotations

from dataclasses import replace

import pytest

from tulle.flow import flattening
from tulle.flow.flattening import Place, at_listener, limited, of_mesh, rest_of, rules_of, streams_of_mesh
from tulle.model.documents import BUILT_IN
from tulle.model.listeners import Listener, ListenerProtocol
from tulle.model.names import Name
from tulle.model.routes import (
    Action,
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

WEB = Backend(service=Name("default", "web"), origin=BUILT_IN)
TO_WEB = Forward(backends=(WEB,))


def prefix(value: str, kind: PathKind = PathKind.PREFIX) -> Match:
    return Match(path=PathMatch(kind, value))


def rule(*matches: Match, action: Action = TO_WEB) -> RouteRule:
    return RouteRule(name="r", origin=BUILT_IN, matches=matches, action=action)


def rules(*written: RouteRule, **frame: object) -> RouteSet:
    made = RouteSet(name=Name("shop", "web"), origin=BUILT_IN, rules=written, by_specificity=False)
    return replace(made, **frame)  # type: ignore[arg-type]


def steps(*matches: Match, same: bool = False) -> Place:
    found = tuple((each, rule(each, action=Respond(status=200 if same else 200 + i))) for i, each in enumerate(matches))
    return Place(hosts=("a",), listeners=(), steps=found, namespace="default")


def header(value: str) -> Match:
    return Match(headers=(ValueMatch("x", ValueKind.EXACT, value),))


@pytest.mark.parametrize(
    ("place", "is_free"),
    [
        (steps(prefix("/abc"), prefix("/a")), True),
        (steps(prefix("/abc"), prefix("/a"), same=True), False),
        (steps(prefix("/a"), prefix("/abc")), False),
        (steps(prefix("/a"), prefix("/b")), True),
        (steps(prefix("/a"), prefix("/A")), False),
        (steps(prefix("/a", PathKind.REGEX), prefix("/b", PathKind.REGEX)), False),
        (steps(replace(prefix("/a"), methods=("GET",)), replace(prefix("/a"), methods=("PUT",))), True),
        (steps(header("1"), header("2")), True),
        (steps(header("1"), Match(headers=(ValueMatch("y", ValueKind.EXACT, "1"),))), False),
        (steps(header("1"), Match(headers=(ValueMatch("x", ValueKind.PRESENT),))), False),
    ],
)
def test_rules_are_free_where_their_order_says_nothing(place: Place, is_free: bool) -> None:
    assert place.is_free is is_free


def test_neighbours_that_do_the_same_are_one_rule() -> None:
    one, two, three = prefix("/a"), prefix("/b"), prefix("/c")
    found = rules_of([(one, rule(one)), (two, rule(two)), (three, rule(three, action=Respond(status=404)))])
    assert [each.matches for each in found] == [(one, two), (three,)]


@pytest.mark.parametrize(
    ("action", "wanted"),
    [
        (Redirect(prefix="/x"), Redirect(path="/x")),
        (Redirect(path="/y"), Redirect(path="/y")),
        (replace(TO_WEB, rewrite=Rewrite(prefix="/x")), replace(TO_WEB, rewrite=Rewrite(path="/x"))),
        (replace(TO_WEB, rewrite=Rewrite(host="h")), replace(TO_WEB, rewrite=Rewrite(host="h"))),
        (Forward(backends=(), status_without_backends=500), Respond(status=500)),
    ],
)
def test_what_a_regular_expression_matches_is_replaced_as_a_whole(action: Action, wanted: Action) -> None:
    found = of_mesh([rules(rule(prefix("/a.*", PathKind.REGEX), action=action))])
    assert [each.action for each in found] == [wanted]


def test_every_path_is_no_condition_unless_it_is_replaced() -> None:
    text = prefix("/", PathKind.TEXT_PREFIX)
    replaced: tuple[Action, ...] = (Redirect(prefix="/x"), replace(TO_WEB, rewrite=Rewrite(prefix="/x")))
    assert [each.matches for each in of_mesh([rules(rule(text))])] == [(Match(),)]
    for action in replaced:
        assert [each.matches for each in of_mesh([rules(rule(text, action=action))])] == [(text,)]
        assert [each.matches for each in of_mesh([rules(rule(prefix("/"), action=action))])] == [(Match(),)]
    assert of_mesh([rules(rule(prefix("/"), action=Respond(status=200)))])[0].matches == (Match(),)


def test_what_comes_after_everything_is_never_reached() -> None:
    found = of_mesh([rules(rule(Match(source=Source(namespace="a"))), rule(Match()), rule(prefix("/a")))])
    assert [match for each in found for match in each.matches] == [Match(source=Source(namespace="a")), Match()]


def test_the_frame_of_a_set_becomes_conditions() -> None:
    given = rules(
        rule(Match(), Match(ports=(81,)), Match(source=Source(namespace="a"))), exports=(".", "a"), service_port=80
    )
    (found,) = limited(given).rules
    assert found.matches == (
        Match(ports=(80,), source=Source(namespace="shop")),
        Match(ports=(80,), source=Source(namespace="a")),
        Match(ports=(80,), source=Source(namespace="a")),
    )
    assert limited(rules(rule(Match(ports=(81,))), service_port=80)).rules == ()
    free = rules(rule(Match()))
    assert limited(free) is free


def stream(*matches: StreamMatch) -> StreamRule:
    return StreamRule(name="s", origin=BUILT_IN, matches=matches, backends=(WEB,))


def test_the_frame_becomes_conditions_of_connections_too() -> None:
    written = (stream(StreamMatch(), StreamMatch(ports=(81,))), stream(StreamMatch(ports=(81,))))
    given = rules(streams=written, service_port=80, exports=("a",))
    (found,) = streams_of_mesh([given])
    assert found.matches == (StreamMatch(ports=(80,), source=Source(namespace="a")),)
    elsewhere = rules(streams=(stream(StreamMatch(gateways=(Name("a", "b"),))),))
    assert streams_of_mesh([elsewhere]) == ()


def test_rules_for_connections_are_those_that_can_hold_at_a_listener() -> None:
    bare = Listener(name=Name("a", "l"), origin=BUILT_IN, port=8443, declared_port=443)
    listener = replace(bare, protocol=ListenerProtocol.TLS)
    near = StreamMatch(subnets=("10.0.0.0/8",))
    written = (
        stream(StreamMatch(ports=(1,)), StreamMatch(ports=(443,), server_names=("x",)), near),
        stream(StreamMatch(server_names=("y",))),
    )
    found = at_listener(listener, [rules(streams=written, hosts=("h", "*"))])
    assert [each.matches for each in found] == [
        (StreamMatch(server_names=("x",)), StreamMatch(subnets=("10.0.0.0/8",), server_names=("h",))),
        (StreamMatch(server_names=("y",)),),
    ]
    plain = replace(listener, protocol=ListenerProtocol.TCP)
    found = at_listener(plain, [rules(streams=(stream(StreamMatch()), stream(StreamMatch())), hosts=("h",))])
    assert len(found) == 1


def test_what_takes_the_rest_is_the_listener_itself() -> None:
    listener = Listener(name=Name("a", "l"), origin=BUILT_IN, port=1, protocol=ListenerProtocol.TCP)
    some, everything = stream(StreamMatch(subnets=("10.0.0.0/8",))), stream(StreamMatch())
    rest, left = rest_of(listener, (some, everything))
    assert (rest.backends, left) == ((WEB,), (some,))
    assert rest_of(listener, (some,))[1] == (some,)
    udp, left = rest_of(replace(listener, protocol=ListenerProtocol.UDP), (some,))
    assert (udp.backends, left) == ((WEB,), ())
    busy = replace(listener, backends=(WEB,))
    assert rest_of(busy, (everything,)) == (busy, (everything,))


def test_a_host_without_rules_stays_one() -> None:
    match, nothing = flattening.nothing(rules())
    assert (match, nothing.action) == (Match(), Respond(status=404))

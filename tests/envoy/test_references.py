from __future__ import annotations

from tests.envoy.kitchen import HERE, backend, rule
from tulle.envoy.references import backends, referenced_services, request_backends, stream_backends
from tulle.model.names import Name
from tulle.model.routes import ExternalCheck, Forward, Mirror, Respond, RouteSet, StreamRule
from tulle.model.steps import AddPrefix, ErrorPages


def test_who_is_asked_before_counts() -> None:
    asked = rule("a", Respond(status=200), check=ExternalCheck(backend=backend("guard")))
    routes = RouteSet(name=Name("default", "r"), origin=HERE, rules=(asked,))
    assert [each.service.name for each in backends(routes)] == ["guard"]


def test_mirrors_count_and_answers_do_not() -> None:
    rules = (
        rule("a", Forward(backends=(backend("x"), backend("y")), mirrors=(Mirror(backend=backend("z")),))),
        rule("b", Respond(status=200)),
    )
    routes = RouteSet(name=Name("default", "r"), origin=HERE, rules=rules)
    assert [each.service.name for each in backends(routes)] == ["x", "y", "z"]
    assert referenced_services(routes) == {Name("default", each) for each in "xyz"}


def test_connections_have_backends_of_their_own() -> None:
    rules = (rule("a", Forward(backends=(backend("x"),))),)
    streams = (StreamRule(name="s", origin=HERE, matches=(), backends=(backend("y"), backend("x"))),)
    routes = RouteSet(name=Name("default", "r"), origin=HERE, rules=rules, streams=streams)
    assert [each.service.name for each in request_backends(routes)] == ["x"]
    assert [each.service.name for each in stream_backends(routes)] == ["y", "x"]
    assert referenced_services(routes) == {Name("default", each) for each in "xy"}


def test_who_stands_in_counts() -> None:
    rules = (rule("a", Forward(backends=(backend("x", fallbacks=(backend("y"),)),))),)
    routes = RouteSet(name=Name("default", "r"), origin=HERE, rules=rules)
    assert [each.service.name for each in backends(routes)] == ["x", "y"]


def test_whom_steps_ask_counts() -> None:
    asked = rule("a", Respond(status=200), steps=(ErrorPages(statuses=(), backend=backend("pages"), path="/"),))
    routes = RouteSet(name=Name("default", "r"), origin=HERE, rules=(asked,))
    assert [each.service.name for each in backends(routes)] == ["pages"]


def test_only_steps_that_ask_somebody_count() -> None:
    pages = ErrorPages(statuses=((500, 599),), backend=backend("x"), path="/")
    rules = (rule("a", Respond(status=200), steps=(AddPrefix(prefix="/a"), pages)),)
    routes = RouteSet(name=Name("default", "r"), origin=HERE, rules=rules)
    assert [each.service.name for each in backends(routes)] == ["x"]

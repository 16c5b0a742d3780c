from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.envoy.decoded import as_json
from tests.envoy.interpreter import chosen
from tests.envoy.kitchen import HERE, backend, http, path, prefix, rule, service
from tests.envoy.specification import first, some_ordered_set, some_request, some_sets, winner
from tulle.envoy.actions import Destinations
from tulle.envoy.attempts import Uncompilable
from tulle.envoy.routes import compile_routes, in_order
from tulle.model.names import Name
from tulle.model.policies import Fault, Retry
from tulle.model.routes import (
    ExternalCheck,
    Forward,
    Match,
    PathKind,
    Redirect,
    Respond,
    RouteRule,
    RouteSet,
    specificity,
)
from tulle.model.steps import AddPrefix, AskServer, SetHeaders

OK = Respond(status=200)
WEB = service("web", http())


def routes(*rules: RouteRule, by_specificity: bool = True) -> RouteSet:
    return RouteSet(name=Name("default", "r"), origin=HERE, rules=rules, by_specificity=by_specificity)


def names(*sets: RouteSet) -> list[str]:
    return [rule.name for _, rule in in_order(sets)]


def test_the_most_specific_wins_over_all_sets() -> None:
    first = routes(rule("all", OK), rule("a", OK, prefix("/a")))
    second = routes(rule("exact", OK, path(PathKind.EXACT, "/a")), rule("a-get", OK, prefix("/a", methods=("GET",))))
    assert names(first, second) == ["exact", "a-get", "a", "all"]


def test_of_equals_the_first_that_was_read_wins() -> None:
    assert names(routes(rule("1", OK)), routes(rule("2", OK)), routes(rule("3", OK))) == ["1", "2", "3"]


def dated(name: str, created: str, *rules: RouteRule, by_specificity: bool = True) -> RouteSet:
    namespace, _, own = name.partition("/")
    return RouteSet(name=Name(namespace, own), origin=HERE, rules=rules, created=created, by_specificity=by_specificity)


@pytest.mark.parametrize("by_specificity", [True, False])
def test_of_equals_the_oldest_wins_then_the_first_by_name(by_specificity: bool) -> None:
    sets = [
        dated(name, created, rule(f"{name}{each}", OK, prefix("/a")), by_specificity=by_specificity)
        for name, created in (
            ("b/a", ""),
            ("a/b", ""),
            ("a/a", "2024-02-01T00:00:00Z"),
            ("c/c", "2023-02-01T00:00:00Z"),
        )
        for each in (1, 2)
    ]
    assert names(*sets) == ["c/c1", "c/c2", "a/a1", "a/a2", "a/b1", "a/b2", "b/a1", "b/a2"]


def test_every_match_of_a_rule_has_its_own_place() -> None:
    assert names(routes(rule("x", OK, prefix("/"), prefix("/long")), rule("y", OK, prefix("/lo")))) == ["x", "y", "x"]


def test_of_equals_those_for_the_very_host_come_first() -> None:
    every, wide, near, own = (
        replace(routes(rule(name, OK)), mesh_hosts=(host,), created=created)
        for name, host, created in (
            ("every", "*", ""),
            ("wide", "*.test", "2020"),
            ("near", "*.a.test", "2021"),
            ("own", "x.a.test", "2022"),
        )
    )
    of_service = replace(routes(rule("service", OK)), created="2023")
    assert names(every, wide, near, own, of_service) == ["own", "service", "near", "wide", "every"]


def test_a_set_in_the_order_of_its_writer_keeps_it() -> None:
    assert names(routes(rule("1", OK, prefix("/a")), rule("2", OK, prefix("/a/b")), by_specificity=False)) == ["1", "2"]


def test_an_ordered_set_ranks_by_the_most_specific_that_follows() -> None:
    ordered = routes(rule("1", OK, prefix("/a")), rule("2", OK, prefix("/b/c/d")), by_specificity=False)
    free = routes(rule("free", OK, prefix("/b/c")), rule("rest", OK))
    assert names(free, ordered) == ["1", "2", "free", "rest"]


def test_what_stands_behind_a_catch_all_does_not_pull_it_forward() -> None:
    ordered = routes(rule("all", OK), rule("never", OK, prefix("/very/long")), by_specificity=False)
    free = routes(rule("free", OK, prefix("/b")))
    assert names(ordered, free) == ["free", "all"]


PATHS = st.sampled_from(["/", "/a", "/a/b", "/b"])
SETS = st.lists(st.tuples(st.booleans(), st.lists(PATHS, max_size=4)), max_size=4)


@given(SETS)
def test_no_set_loses_its_order(given_sets: list[tuple[bool, list[str]]]) -> None:
    sets = [
        routes(*(rule(f"{i}.{j}", OK, prefix(each)) for j, each in enumerate(paths)), by_specificity=free)
        for i, (free, paths) in enumerate(given_sets)
    ]
    order = in_order(sets)
    for one in sets:
        own = [(match, each) for match, each in order if each in one.rules]
        if one.by_specificity:
            assert [specificity(m) for m, _ in own] == sorted((specificity(m) for m, _ in own), reverse=True)
        else:
            assert [each for _, each in own] == list(one.rules)[: len(own)]


def test_rules_become_routes_up_to_the_first_that_fits_everything() -> None:
    steps = in_order([routes(rule("all", OK), rule("a", OK, prefix("/a"), fault=Fault(abort_status=500)))])
    found = [as_json(each) for each in compile_routes([*steps, (Match(), rule("never", OK))], Destinations({}))]
    assert [each["name"] for each in found] == ["a", "all"]
    assert list(found[0]["typed_per_filter_config"]) == ["fault"]


def test_a_redirect_can_be_two_routes_with_the_conditions_of_its_match() -> None:
    moved = rule("m", Redirect(scheme="https", port=443))
    found = [as_json(each) for each in compile_routes([(prefix("/a", methods=("GET",)), moved)], Destinations({}))]
    assert [[header["name"] for header in each["match"]["headers"]] for each in found] == [
        [":authority", ":method"],
        [":method"],
    ]
    assert {each["match"]["path_separated_prefix"] for each in found} == {"/a"}


def test_who_is_asked_before_is_asked_at_a_port() -> None:
    asked = rule("a", OK, check=ExternalCheck(backend=backend("web")))
    (found,) = compile_routes([(Match(), asked)], Destinations({WEB.name: WEB}))
    assert b"outbound|8000||web.default" in found.typed_per_filter_config["check"].value


def test_rich_retries_split_a_rule_by_method() -> None:
    retried = rule("r", Forward(backends=(backend("web"),), retry=Retry(conditions=("5xx",))))
    found = [as_json(each) for each in compile_routes([(Match(), retried)], Destinations({WEB.name: WEB}))]
    assert "5xx" in found[0]["route"]["retry_policy"]["retry_on"]
    assert "POST" not in found[0]["match"]["headers"][0]["string_match"]["safe_regex"]["regex"]
    assert "headers" not in found[1]["match"]
    assert "5xx" not in found[1]["route"]["retry_policy"]["retry_on"]


@settings(max_examples=400, deadline=None)
@given(st.randoms(use_true_random=False))
def test_gateway_api_decides_as_it_is_specified(random: Random) -> None:
    sets = some_sets(random)
    compiled = compile_routes(in_order(random.sample(sets, len(sets))), Destinations({}))
    for request in [some_request(random) for _ in range(8)]:
        assert chosen(compiled, request) == winner(sets, request), request


@settings(max_examples=400, deadline=None)
@given(st.randoms(use_true_random=False))
def test_istio_decides_as_it_is_specified(random: Random) -> None:
    one = some_ordered_set(random)
    compiled = compile_routes(in_order((one,)), Destinations({}))
    for request in [some_request(random) for _ in range(8)]:
        assert chosen(compiled, request) == first(one, request), request


@settings(max_examples=100, deadline=None)
@given(st.randoms(use_true_random=False))
def test_retries_change_nothing_about_who_decides(random: Random) -> None:
    def forwarding(each: RouteRule) -> RouteRule:
        retry = Retry(conditions=("5xx",)) if random.random() < 0.5 else None
        return replace(each, action=Forward(backends=(backend("web"),), retry=retry))

    sets = tuple(replace(each, rules=tuple(map(forwarding, each.rules))) for each in some_sets(random))
    compiled = compile_routes(in_order(sets), Destinations({WEB.name: WEB}))
    for request in [some_request(random) for _ in range(8)]:
        assert chosen(compiled, request) == winner(sets, request), request


def test_a_share_of_the_requests_may_be_redirected() -> None:
    shares = (backend("web", weight=3), backend("web", answer=Redirect(host="there")))
    matches = (prefix("/a"), Match())
    compiled = [
        as_json(each)
        for each in compile_routes(
            in_order((routes(rule("r", Forward(backends=shares), *matches)),)), Destinations({WEB.name: WEB})
        )
    ]
    fractions = [each["match"].get("runtime_fraction", {}).get("default_value") for each in compiled]
    quarter = {"numerator": 250000, "denominator": "MILLION"}
    assert fractions == [quarter, None, quarter, None]
    assert ["redirect" in each for each in compiled] == [True, False, True, False]


def test_a_rule_that_cannot_be_compiled_says_where_it_was_written() -> None:
    broken = rule("r", Respond(status=200), fault=Fault(delay=1e40))
    with pytest.raises(Uncompilable) as caught:
        compile_routes([(Match(), broken)], Destinations({}))
    assert caught.value.origin is broken.origin
    assert isinstance(caught.value.__cause__, ValueError)


def test_shares_with_steps_of_their_own() -> None:
    marked = backend("web", steps=(AddPrefix(prefix="/marked"),))
    one = rule(
        "r", Forward(backends=(marked, backend("web"), backend("web", weight=0))), steps=(AddPrefix(prefix="/a"),)
    )
    (message,) = compile_routes(in_order([routes(one)]), Destinations({WEB.name: WEB}))
    own, other = as_json(message)["route"]["weighted_clusters"]["clusters"]
    (work,) = own["typed_per_filter_config"].values()
    assert [each["prefix"] for each in work["filter_context"]["request"]] == ["/a", "/marked"]
    (work,) = other["typed_per_filter_config"].values()
    assert [each["prefix"] for each in work["filter_context"]["request"]] == ["/a"]


def test_steps_that_ask_a_service_know_its_cluster() -> None:
    asking = rule("a", OK, steps=(AskServer(backend=backend("web"), url="http://web/"), AddPrefix(prefix="/a")))
    (compiled,) = compile_routes([(Match(), asking)], Destinations({WEB.name: WEB}))
    assert "outbound|8000||web.default" in str(as_json(compiled))


def test_services_do_not_see_clients_that_are_hidden() -> None:
    hidden = rule("a", OK, steps=(SetHeaders(request=(("X-Forwarded-For", ""),)),))
    (compiled,) = compile_routes([(Match(), hidden)], Destinations({}))
    assert compiled.request_headers_to_remove == ["X-Forwarded-For"]


def test_sets_with_a_priority_come_first_the_greatest_before_all() -> None:
    sets = (
        routes(rule("usual", OK, path(PathKind.EXACT, "/a"))),
        replace(routes(rule("low", OK)), priority=0),
        replace(routes(rule("high", OK, prefix("/"))), priority=1 << 130),
        replace(routes(rule("equal", OK)), priority=0, name=Name("default", "a")),
    )
    assert names(*sets) == ["high", "equal", "low", "usual"]


def test_shares_know_the_clusters_of_those_that_are_asked() -> None:
    asking = AskServer(backend=backend("web"), url="http://web/")
    marked = backend("web", steps=(AddPrefix(prefix="/marked"),))
    one = rule("r", Forward(backends=(marked, backend("web"))), steps=(asking,))
    (message,) = compile_routes(in_order([routes(one)]), Destinations({WEB.name: WEB}))
    for share in as_json(message)["route"]["weighted_clusters"]["clusters"]:
        (work,) = share["typed_per_filter_config"].values()
        assert work["filter_context"]["request"][0]["cluster"] == "outbound|8000||web.default"

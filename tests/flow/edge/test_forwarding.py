from __future__ import annotations

import re

import pytest

from tests.flow.edge.building import http, mesh, routes, told
from tests.flow.edge.services import HERE, blend, failover, lookup, mirroring, name, pool, to
from tests.flow.edge.test_sending import PAIR
from tulle.flow.edge.forwarding import rules as all_rules
from tulle.flow.edge.forwarding import up_to, variants
from tulle.model.policies import Retry
from tulle.model.routers import Reference, Router, ServiceTree, Sticky, Transport
from tulle.model.routes import Forward, RouteKind, RouteRule
from tulle.model.steps import AddPrefix, LimitBodies, Step, TryAgain


def rules(service: str, more: str = "") -> tuple[RouteRule, ...]:
    found = mesh(http("r: {rule: Path(`/`), service: x}", more, f"\n  services:{PAIR}    x: {{{service}}}\n"))
    assert told(found) == []
    return routes(found)["r"].rules


@pytest.mark.parametrize("limit", [0, 1, 9, 10, 99, 100, 1024, 20_000])
def test_numbers_up_to_a_limit(limit: int) -> None:
    pattern = re.compile(up_to(limit))
    for number in {0, 1, 5, 9, 10, 11, 99, 100, 101, 1023, 1024, 1025, limit - 1, limit, limit + 1, limit * 10}:
        if number >= 0:
            assert bool(pattern.fullmatch(str(number))) is (number <= limit), number


def test_clients_that_stay_with_a_service_have_rules_of_their_own() -> None:
    found = rules("weighted: {services: [{name: a}, {name: b}], sticky: {cookie: {name: c}}}")
    assert len(found) == 5  # For each service the value of now and those of before, and who has none.
    assert [bool(rule.matches[0].headers) for rule in found] == [True] * 4 + [False]
    actions = [rule.action for rule in found]
    assert all(isinstance(each, Forward) for each in actions)
    assert [len(each.backends) for each in actions if isinstance(each, Forward)] == [1, 1, 1, 1, 2]


def test_only_small_requests_are_copied() -> None:
    small, all_others = rules("mirroring: {service: a, maxBodySize: 100, mirrors: [{name: b, percent: 10}]}")
    assert isinstance(small.action, Forward) and isinstance(all_others.action, Forward)
    assert (len(small.action.mirrors), len(all_others.action.mirrors)) == (1, 0)
    assert [each.headers[0].name for each in small.matches] == ["content-length", "content-length"]


def test_answers_that_send_a_request_to_the_fallback() -> None:
    (rule,) = rules("failover: {service: a, fallback: b, errors: {status: [502-503]}}")
    assert isinstance(rule.action, Forward) and rule.action.retry is not None
    assert rule.action.retry.status_codes == (502, 503)
    assert rule.action.retry.moves_on


def test_steps_of_one_of_several_services() -> None:
    services = """
  services:
    a: {loadBalancer: {servers: [{url: "http://10.0.0.1"}]}, middlewares: [m]}
    b: {loadBalancer: {servers: [{url: "http://10.0.0.2"}]}}
    x: {weighted: {services: [{name: a}, {name: b}]}}
  middlewares: {m: {addPrefix: {prefix: /m}}}
"""
    found = mesh(http("r: {rule: Path(`/`), service: x}", services=services))
    assert told(found) == []
    (rule,) = routes(found)["r"].rules
    assert rule.steps == ()
    assert isinstance(rule.action, Forward)
    assert [len(each.steps) for each in rule.action.backends] == [1, 0]


ROUTER = Router(name=name("r"), origin=HERE, kind=RouteKind.HTTP, service=to("all"))
MARKED = AddPrefix(prefix="/marked")


def made(*things: ServiceTree | Transport, steps: tuple[Step, ...] = ()) -> list[RouteRule]:
    def resolve(names: object) -> tuple[Step, ...]:
        return (MARKED,) if names else ()

    found = lookup(*things)
    return [each for variant in variants(to("all"), found) for each in all_rules(ROUTER, steps, variant, resolve)]


def action(rule: RouteRule) -> Forward:
    assert isinstance(rule.action, Forward)
    return rule.action


def test_a_plain_service_is_one_rule() -> None:
    (rule,) = made(pool("all", prefix="/base"), steps=(AddPrefix(prefix="/a"), TryAgain(retry=Retry(attempts=3))))
    assert rule.steps == (AddPrefix(prefix="/a"), AddPrefix(prefix="/base"))
    assert action(rule).retry == Retry(attempts=3)


def test_clients_with_a_cookie_come_before_those_without() -> None:
    found = made(blend("all", ("one", 1), ("two", 1), sticky=Sticky(name="which")), pool("one"), pool("two"))
    assert [each.name for each in found] == ["r@file|one", "r@file|one+", "r@file|two", "r@file|two+", "r@file"]
    assert {each.counted_as or each.name for each in found} == {"r@file"}
    (cookie,) = found[0].matches[0].headers
    value = "which=7692c3ad3540bb80"
    for text in (value, f"a=b; {value}; c=d", f'{value[:6]}"{value[6:]}"'):
        assert re.fullmatch(cookie.value, text)
    assert not re.fullmatch(cookie.value, f"x{value}")
    assert not re.fullmatch(cookie.value, f"{value}0")


def test_steps_of_shares() -> None:
    marked = pool("one", steps=(Reference(name("mark"), HERE),))
    (rule,) = made(blend("all", ("one", 1), ("two", 1)), marked, pool("two", prefix="/two"))
    assert [each.steps for each in action(rule).backends] == [(MARKED,), (AddPrefix(prefix="/two"),)]
    assert rule.steps == ()


def test_answers_that_send_to_the_fallback() -> None:
    over = failover("all", "one", "two", statuses=((500, 500), (502, 502)), largest_body=10)
    (rule,) = made(over, pool("one"), pool("two"))
    retry = action(rule).retry
    assert retry is not None
    assert (retry.status_codes, retry.moves_on, "reset" in retry.conditions) == ((500, 502), True, True)
    assert rule.steps == (LimitBodies(request=10),)
    (rule,) = made(failover("all", "one", "two", statuses=((500, 500),)), pool("one"), pool("two"))
    assert rule.steps == ()
    assert action(rule).retry == Retry(attempts=1, status_codes=(500,), non_idempotent=True, moves_on=True)


def test_answers_that_take_too_long() -> None:
    quick = Transport(name=name("quick"), origin=HERE, answer_timeout=0.2)
    (rule,) = made(pool("all", transport=to("quick")), quick)
    assert action(rule).retry == Retry(attempts=0, per_try_timeout=0.2)


def test_one_server_is_told_its_host_and_several_are_told_each_its_own() -> None:
    (rule,) = made(pool("all", passes_host=False))
    assert not action(rule).backends[0].shows_own_host
    (rule,) = made(pool("all", "a:80", "b:80", passes_host=False))
    assert action(rule).backends[0].shows_own_host


def test_copies_of_small_requests() -> None:
    small, large = made(mirroring("all", "one", ("two", 100), largest_body=8), pool("one"), pool("two"))
    assert action(small).mirrors
    assert not action(large).mirrors
    sized, unsized = small.matches
    assert [each.name for each in sized.headers] == ["content-length"]
    assert unsized.methods[:2] == ("GET", "HEAD")


@pytest.mark.parametrize("limit", [0, 1, 8, 9, 10, 125, 199, 1000, 1024])
def test_all_numbers_up_to_a_limit(limit: int) -> None:
    pattern = re.compile(up_to(limit))
    assert all(bool(pattern.fullmatch(str(each))) is (each <= limit) for each in range(2 * limit + 12))


def nested(width: int, depth: int, place: str = "all", *, at_top: bool = True) -> list[ServiceTree]:
    """Services that are made of services, all of which keep their clients."""
    if not depth:
        return [pool(place)]
    parts = [f"{place}{index}" for index in range(width)]
    sticky = Sticky(name=f"c-{place}") if at_top or place != "all" else None
    below = [each for part in parts for each in nested(width, depth - 1, part)]
    return [blend(place, *((part, 1) for part in parts), sticky=sticky), *below]


def test_clients_stay_below_where_they_stay_above() -> None:
    found = list(variants(to("all"), lookup(*nested(5, 2))))
    assert len(found) == 5 * 2 * (5 * 2 + 1) + 1
    assert all([each.service for each in variant.chosen][:1] in ([], [name("all")]) for variant in found)


def test_too_many_ways_to_stay() -> None:
    looked = lookup(*nested(5, 2, at_top=False))
    assert list(variants(to("all"), looked)) == []
    sentence = "clients can stay with its services in more than 4096 ways; let fewer of them be sticky"
    assert [each.message for each in looked.findings] == [f"router r: {sentence}"]

from __future__ import annotations

import re

import pytest

from tests.flow.edge.building import http, mesh, routes, told
from tests.flow.edge.test_sending import PAIR
from tulle.flow.edge.forwarding import up_to
from tulle.model.routes import Forward, RouteRule


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

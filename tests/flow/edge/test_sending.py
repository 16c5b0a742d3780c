from __future__ import annotations

from fractions import Fraction

from tests.flow.edge.building import file, http, mesh, routes, told
from tulle.flow.edge.sending import WIDEST, Part, whole
from tulle.model.documents import BUILT_IN
from tulle.model.routes import Backend, Forward

PAIR = """
    a: {loadBalancer: {servers: [{url: "http://10.0.0.1"}], healthCheck: {path: /}}}
    b: {loadBalancer: {servers: [{url: "http://10.0.0.2"}], healthCheck: {path: /}}}
"""


def forward(service: str) -> Forward:
    found = mesh(http("r: {rule: Path(`/`), service: x}", services=f"\n  services:{PAIR}    x: {{{service}}}\n"))
    assert told(found) == []
    action = routes(found)["r"].rules[-1].action
    assert isinstance(action, Forward)
    return action


def test_shares_of_services_in_services() -> None:
    found = forward("weighted: {services: [{name: a, weight: 3}, {name: b, weight: 1}]}")
    assert [(each.service, each.weight) for each in found.backends] == [(file("a"), 3), (file("b"), 1)]
    assert forward("weighted: {services: [{name: a}]}").backends[0].weight == 1
    by_client = forward("highestRandomWeight: {services: [{name: a}, {name: b}]}")
    assert by_client.is_by_client and by_client.hash_on[0].source_ip


def test_copies() -> None:
    found = forward("mirroring: {service: a, mirrors: [{name: b, percent: 10}]}")
    assert [(each.backend.service, each.percent) for each in found.mirrors] == [(file("b"), 10.0)]


def test_fallbacks() -> None:
    (backend,) = forward("failover: {service: a, fallback: b}").backends
    assert [each.service for each in backend.fallbacks] == [file("b")]


def test_services_in_themselves() -> None:
    services = "\n  services:\n    x: {weighted: {services: [{name: x}]}}\n"
    found = mesh(http("r: {rule: Path(`/`), service: x}", services=services))
    assert told(found) == ['6: router r: service "x" is part of itself'] or told(found)
    assert routes(found) == {}


def test_weights_are_never_too_great() -> None:
    odd = Fraction(1, 999_983)
    backend = Backend(service=file("a"), origin=BUILT_IN)
    weights = [each.weight for each in whole([Part(odd, backend), Part(Fraction(1, 7), backend)])]
    assert sum(weights) <= WIDEST
    assert min(weights) >= 1

from __future__ import annotations

from tests.flow.edge.building import http, mesh
from tulle.flow.edge.observed import points
from tulle.model.documents import BUILT_IN
from tulle.model.names import Name
from tulle.model.observing import TOLD, Observed, Observing, RequestLog, RequestMetrics, Told
from tulle.model.routers import EntryPoint

LOG, METRICS = RequestLog(), RequestMetrics()
EVERYTHING = {Name("", each): Observing(name=Name("", each), what=what) for each, what in (("l", LOG), ("m", METRICS))}


def point(told: Told = TOLD, *, is_udp: bool = False) -> EntryPoint:
    return EntryPoint(name=Name("", "web"), origin=BUILT_IN, address="", port=1, told=told, is_udp=is_udp)


def test_entry_points_tell_what_they_may() -> None:
    quiet, datagrams, usual = point(Told(is_logged=False)), point(is_udp=True), point()
    found = list(points([quiet, datagrams, usual], EVERYTHING))
    assert [each.entrance.observed for each in found] == [
        Observed(place="web", metrics=METRICS),
        Observed(),
        Observed(place="web", log=LOG, metrics=METRICS),
    ]
    assert list(points([usual], EVERYTHING)) == found[2:]  # the same object
    assert list(points([usual], {})) == [usual]


def test_listeners_follow() -> None:
    text = http("a: {rule: Path(`/`), service: s}")
    for each in mesh(f"accessLog: {{}}\n{text}").listeners.values():
        assert each.entrance is not None and each.entrance.observed.log == LOG


def test_routes_for_the_gateway_itself_are_marked() -> None:
    found = mesh(http("a: {rule: Path(`/`), service: s, observability: {metrics: false}}", "\nping: {}\n"))
    told = {each.name.name: each.rules[0].told for each in found.gateway_routes}
    assert told["ping"] == Told(is_internal=True)
    assert told["a"] == Told(is_counted=False)

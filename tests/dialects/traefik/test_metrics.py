from __future__ import annotations

from tests.dialects.traefik.reading import read
from tulle.model.names import Name
from tulle.model.observing import RequestMetrics
from tulle.model.routers import Reference, Router


def test_prometheus_asks_at_an_entry_point() -> None:
    (counted, *_, router), findings = read("metrics: {prometheus: {entryPoint: web, addRoutersLabels: true}}")
    assert findings == []
    assert counted.what == RequestMetrics(by_router=True)
    assert router.entry_points == (Reference(Name("@static", "web")),)
    assert (router.rule, router.service) == ("PathPrefix(`/metrics`)", Reference(Name("@internal", "prometheus")))


def test_everything() -> None:
    text = """
metrics:
  addInternals: true
  prometheus:
    addEntryPointsLabels: false
    addServicesLabels: false
    manualRouting: true
    headerLabels: {agent: User-Agent}
"""
    (counted, *service), findings = read(text)
    assert not any(isinstance(each, Router) for each in service)
    assert findings == []
    assert counted.what == RequestMetrics(
        by_entry_point=False, by_service=False, has_internal=True, headers=(("agent", "User-Agent"),)
    )


def test_nothing() -> None:
    assert read("metrics: {}") == ([], [])
    assert read("metrics: {x: 1}")[1] == ['1: metrics: unknown field "x"']

"""Metrics: numbers about requests, for Prometheus."""

from __future__ import annotations

from tulle.dialects.objects import validated
from tulle.dialects.sections import Kind, Shape
from tulle.dialects.traefik import internal
from tulle.dialects.traefik.observing_specs import MetricsSpec
from tulle.dialects.traefik.static import GREATEST, router
from tulle.dialects.written import Written
from tulle.model.mesh import Fragment, Object
from tulle.model.names import Name
from tulle.model.observing import Observing, RequestMetrics
from tulle.model.routers import STATIC


def read(part: Written) -> Fragment:
    """What is counted, and where one may ask for it."""
    spec = validated(part, MetricsSpec)
    if spec is None or spec.prometheus is None:
        return Fragment(findings=tuple(part.findings))
    wanted = spec.prometheus
    metrics = RequestMetrics(
        by_entry_point=wanted.add_entry_points_labels,
        by_router=wanted.add_routers_labels,
        by_service=wanted.add_services_labels,
        has_internal=spec.add_internals,
        headers=tuple(sorted(wanted.header_labels.items())),
    )
    counted = Observing(name=Name(STATIC, "metrics"), origin=part.origin, what=metrics)
    found: list[Object] = [counted, *internal.service(part, "prometheus")]
    if not wanted.manual_routing:
        found.append(router(part, "prometheus", "/metrics", wanted.entry_point, GREATEST))
    return Fragment(objects=tuple(found), findings=tuple(part.findings))


KIND = Kind(
    name="traefik/metrics",
    noun="metrics",
    section=("metrics",),
    shape=Shape.WHOLE,
    schema=MetricsSpec,
    read=read,
    is_global=True,
)

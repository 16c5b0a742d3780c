"""Routers for HTTP: which requests go to which service, through which middlewares."""

from __future__ import annotations

from tulle.dialects.objects import validated
from tulle.dialects.sections import Kind, Shape
from tulle.dialects.traefik.matchers import HTTP_V2, HTTP_V3
from tulle.dialects.traefik.references import entry_points, reference, references
from tulle.dialects.traefik.router_rules import readings
from tulle.dialects.traefik.routers import ObservabilitySpec, RouterSpec, RouterTlsSpec
from tulle.dialects.written import Written
from tulle.model.conditions import Subject
from tulle.model.mesh import Fragment
from tulle.model.observing import Told
from tulle.model.routers import CertificateNames, Router, RouterTls
from tulle.model.routes import RouteKind

GREATEST = (1 << 63) - 1 - 1000
"""Priorities above are those of routers that are made here."""


def read(part: Written) -> Fragment:
    """The router, if its rule can be read."""
    spec = validated(part, RouterSpec)
    if spec is None:
        return Fragment(findings=tuple(part.findings))
    rule, older = readings(part, spec.rule, spec.rule_syntax, (HTTP_V2, HTTP_V3), Subject.HOST)
    if not spec.rule and not spec.parent_refs:
        part.error(("rule",), "is missing; write for which requests it is")
    if spec.observability is not None and spec.observability.tracing is False:
        part.warning(("observability", "tracing"), "has no effect at routers; say it at entry points")
    if spec.priority > GREATEST:
        part.error(("priority",), f"must be at most {GREATEST}")
    routers: tuple[Router, ...] = ()
    if not part.has_errors:
        name = part.document.key.name
        routers = (
            Router(
                name=name,
                origin=part.origin,
                kind=RouteKind.HTTP,
                entry_points=entry_points(part, spec.entry_points),
                rule=spec.rule,
                alternatives=rule.alternatives,
                hosts=rule.hosts,
                named=rule.named,
                steps=references(part, spec.middlewares, "middlewares"),
                service=reference(part, spec.service, "service") if spec.service else None,
                priority=spec.priority or len(spec.rule.encode()),
                parents=references(part, spec.parent_refs, "parentRefs"),
                tls=tls(part, spec.tls) if spec.tls is not None else None,
                problem=rule.problem,
                older=older,
                told=told(spec.observability),
            ),
        )
    return Fragment(objects=routers, findings=tuple(part.findings))


def told(spec: ObservabilitySpec | None) -> Told:
    """What is told of requests."""
    if spec is None:
        return Told()
    return Told(
        is_logged=spec.access_logs is not False,
        is_counted=spec.metrics is not False,
        is_traced=spec.tracing is not False,
    )


def tls(part: Written, spec: RouterTlsSpec, *, is_passed: bool = False) -> RouterTls:
    """What a router, or an entry point, says about TLS."""
    return RouterTls(
        options=reference(part, spec.options, "tls", "options") if spec.options not in {"", "default"} else None,
        resolver=spec.cert_resolver,
        domains=tuple(CertificateNames(main=each.main, others=each.sans) for each in spec.domains),
        is_passed=is_passed,
    )


KIND = Kind(
    name="traefik/http-router",
    noun="router",
    section=("http", "routers"),
    shape=Shape.NAMED,
    schema=RouterSpec,
    read=read,
)

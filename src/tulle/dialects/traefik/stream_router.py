"""Routers for connections and datagrams."""

from __future__ import annotations

from tulle.dialects.objects import validated
from tulle.dialects.sections import Kind, Shape
from tulle.dialects.traefik.http_router import tls
from tulle.dialects.traefik.matchers import TCP_V2, TCP_V3
from tulle.dialects.traefik.references import entry_points, reference, references
from tulle.dialects.traefik.router_rules import readings
from tulle.dialects.traefik.routers import TcpRouterSpec, UdpRouterSpec
from tulle.dialects.written import Written
from tulle.model.conditions import Subject
from tulle.model.mesh import Fragment
from tulle.model.names import Name
from tulle.model.routers import TCP, UDP, Reading, Router
from tulle.model.routes import RouteKind

CATCH_ALL = -1
"""The priority of routers for every server name."""


def read_tcp(part: Written) -> Fragment:
    """The router, if its rule can be read."""
    spec = validated(part, TcpRouterSpec)
    if spec is None:
        return Fragment(findings=tuple(part.findings))
    grammars = (TCP_V2, TCP_V3)
    check = _without_names if spec.tls is None else _anything
    rule, older = readings(part, spec.rule, spec.rule_syntax, grammars, Subject.SERVER_NAME, check)
    for field, given in (("rule", spec.rule), ("service", spec.service)):
        if not given:
            part.error((field,), "is missing")
    routers: tuple[Router, ...] = ()
    if not part.has_errors:
        name = part.document.key.name
        is_for_all = "HostSNI(`*`)".lower() == spec.rule.replace(" ", "").lower()
        routers = (
            Router(
                name=Name(name.namespace, TCP + name.name),
                origin=part.origin,
                kind=RouteKind.TCP,
                entry_points=entry_points(part, spec.entry_points),
                rule=spec.rule,
                alternatives=rule.alternatives,
                hosts=rule.hosts,
                named=rule.named,
                steps=references(part, spec.middlewares, "middlewares", TCP),
                service=reference(part, spec.service, "service", within=TCP),
                priority=spec.priority or (CATCH_ALL if is_for_all else len(spec.rule.encode())),
                tls=tls(part, spec.tls, is_passed=spec.tls.passthrough) if spec.tls is not None else None,
                problem=rule.problem,
                older=older,
            ),
        )
    return Fragment(objects=routers, findings=tuple(part.findings))


def _anything(rule: Reading) -> str:
    """Nothing is wrong."""
    return ""


def _without_names(rule: Reading) -> str:
    """What is wrong with the rule of a router that is for connections without TLS."""
    return "asks for a server name, which only connections with TLS have; write tls: {}" if any(rule.named) else ""


def read_udp(part: Written) -> Fragment:
    """The router."""
    spec = validated(part, UdpRouterSpec)
    if spec is not None and not spec.service:
        part.error(("service",), "is missing")
    if spec is None or part.has_errors:
        return Fragment(findings=tuple(part.findings))
    name = part.document.key.name
    router = Router(
        name=Name(name.namespace, UDP + name.name),
        origin=part.origin,
        kind=RouteKind.UDP,
        entry_points=entry_points(part, spec.entry_points),
        service=reference(part, spec.service, "service", within=UDP),
    )
    return Fragment(objects=(router,))


KINDS = (
    Kind(
        name="traefik/tcp-router",
        noun="TCP router",
        section=("tcp", "routers"),
        shape=Shape.NAMED,
        schema=TcpRouterSpec,
        read=read_tcp,
    ),
    Kind(
        name="traefik/udp-router",
        noun="UDP router",
        section=("udp", "routers"),
        shape=Shape.NAMED,
        schema=UdpRouterSpec,
        read=read_udp,
    ),
)

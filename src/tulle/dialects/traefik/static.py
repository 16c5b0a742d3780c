"""Static configuration beside entry points, providers and resolvers: what is told, and what is asked for it."""

from __future__ import annotations

from collections.abc import Callable

from pydantic import ConfigDict, Field

from tulle.dialects.sections import Kind, Shape
from tulle.dialects.traefik import http_transport
from tulle.dialects.traefik.http_transport import TransportSpec
from tulle.dialects.traefik.values import Flag, Text, TraefikSpec
from tulle.dialects.written import Written
from tulle.model.conditions import Comparison, Condition, Subject
from tulle.model.mesh import Fragment
from tulle.model.names import Name
from tulle.model.routers import INTERNAL, STATIC, Interface, Reference, Router, RouterDefaults
from tulle.model.routes import RouteKind

ADMIN = "traefik"
"""The entry point of the API."""
GREATEST = (1 << 63) - 1


class ApiSpec(TraefikSpec):
    """The read interface, and the dashboard."""

    base_path: Text = Field("/", description="Before its paths.")
    insecure: Flag = Field(False, description="At the entry point `traefik`, for everybody.")
    dashboard: Flag = Field(True, description="Whether there is a dashboard.")
    dashboard_name: Text = Field("", description="What it calls itself.")
    debug: Flag = Field(False, description="More of it.")
    disable_dashboard_ad: Flag = Field(False, description="Without advertisements.")


class PingSpec(TraefikSpec):
    """An answer for those who ask whether it lives."""

    entry_point: Text = Field("traefik", description="Where.")
    manual_routing: Flag = Field(False, description="Only by routers to `ping@internal`.")
    terminating_status_code: Text = Field("503", description="While it ends.")


class GlobalSpec(TraefikSpec):
    """What concerns the program itself."""

    check_new_version: Flag = Field(True, description="Never done here.")
    send_anonymous_usage: Flag = Field(False, description="Never done here.")
    not_append_x_forwarded_for: Flag = Field(
        False, alias="notAppendXForwardedFor", description="Whether the client's address is added nowhere."
    )


class CoreSpec(TraefikSpec):
    """Rules."""

    default_rule_syntax: Text = Field("v3", description="Of rules that do not say it.")
    strict_tls_options: Flag = Field(False, alias="strictTLSOptions", description="Whether conflicts are refused.")


class AnythingSpec(TraefikSpec):
    """Sections that are taken as they are."""

    model_config = ConfigDict(extra="allow")


def read_api(part: Written) -> Fragment:
    """That there is an interface; also the routers of one that is open to everybody."""
    spec = part.validated(ApiSpec)
    if spec is None:
        return Fragment(findings=tuple(part.findings))
    told = Interface(name=Name(STATIC, "interface"), origin=part.origin)
    routers = []
    if spec.insecure:
        routers.append(_router(part, "api", f"{spec.base_path.rstrip('/')}/api", ADMIN, GREATEST - 1))
        if spec.dashboard:
            routers.append(_router(part, "dashboard", spec.base_path, ADMIN, GREATEST - 2))
    return Fragment(objects=(told, *routers), findings=tuple(part.findings))


def read_ping(part: Written) -> Fragment:
    """The router of the answer."""
    spec = part.validated(PingSpec)
    if spec is None or spec.manual_routing:
        return Fragment(findings=tuple(part.findings))
    return Fragment(
        objects=(_router(part, "ping", "/ping", spec.entry_point, GREATEST),), findings=tuple(part.findings)
    )


def read_core(part: Written) -> Fragment:
    """The language of rules that do not say it, if it is not the usual one."""
    spec = part.validated(CoreSpec)
    if spec is None or spec.default_rule_syntax != "v2":
        return Fragment(findings=tuple(part.findings))
    said = RouterDefaults(name=Name(STATIC, "defaults"), origin=part.origin, rule_syntax=spec.default_rule_syntax)
    return Fragment(objects=(said,), findings=tuple(part.findings))


def _router(part: Written, name: str, path: str, point: str, priority: int) -> Router:
    """A router that nobody wrote, to what is always there."""
    return Router(
        name=Name(INTERNAL, name),
        origin=part.origin,
        kind=RouteKind.HTTP,
        entry_points=(Reference(Name(STATIC, point), part.origin),),
        rule=f"PathPrefix(`{path}`)",
        alternatives=((Condition(Subject.PATH, Comparison.PREFIX, path),),),
        service=Reference(Name(INTERNAL, name), part.origin),
        priority=priority,
    )


def read(part: Written) -> Fragment:
    """Only its mistakes."""
    kinds = {kind.name: kind.schema for kind in KINDS}
    part.validated(kinds[part.document.key.kind])
    return Fragment(findings=tuple(part.findings))


def _kind(section: str, schema: type[TraefikSpec], reading: Callable[[Written], Fragment] = read) -> Kind:
    return Kind(
        name=f"traefik/{section}",
        noun=section,
        section=(section,),
        shape=Shape.WHOLE,
        schema=schema,
        read=reading,
        is_global=True,
    )


KINDS = (
    _kind("api", ApiSpec, read_api),
    _kind("ping", PingSpec, read_ping),
    _kind("global", GlobalSpec),
    _kind("core", CoreSpec, read_core),
    _kind("serversTransport", TransportSpec, http_transport.read_usual),
    *(
        _kind(section, AnythingSpec)
        for section in (
            "accessLog",
            "experimental",
            "hostResolver",
            "log",
            "metrics",
            "ocsp",
            "spiffe",
            "tcpServersTransport",
            "tracing",
        )
    ),
)

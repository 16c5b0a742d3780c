"""Static configuration beside entry points, providers and resolvers: what is told, and what is asked for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from pydantic import Field

from tulle.dialects.objects import Refused, validated
from tulle.dialects.sections import Kind, Shape
from tulle.dialects.traefik import http_transport, internal, stream_service
from tulle.dialects.traefik.http_transport import TransportSpec
from tulle.dialects.traefik.observing_specs import NO_OTLP, AnythingSpec, LogSpec
from tulle.dialects.traefik.routers import Syntax
from tulle.dialects.traefik.stream_specs import TcpTransportSpec
from tulle.dialects.traefik.values import Count, Flag, Present, Text, TraefikSpec
from tulle.dialects.written import Written
from tulle.model.conditions import Comparison, Condition, Subject
from tulle.model.mesh import Fragment, Object
from tulle.model.names import Name
from tulle.model.routers import CORE, INTERNAL, STATIC, Core, Reference, Router
from tulle.model.routes import RouteKind

ADMIN = "traefik"
"""The entry point of the API."""
GREATEST = (1 << 63) - 1
NO_PLUGINS = "has no effect: plugins in Go do not run here; an EnvoyFilter or a WasmPlugin of Istio does what they do"


class ApiSpec(TraefikSpec):
    """The read interface, and the dashboard."""

    base_path: Text = Field("/", description="Before its paths.")
    insecure: Flag = Field(False, description="At the entry point `traefik`, for everybody.")
    dashboard: Flag = Field(True, description="Whether there is a dashboard.")
    dashboard_name: Annotated[Text, Refused("has no effect: the page shows no name", unless=("",))] = Field(
        "", description="What it calls itself."
    )
    debug: Annotated[Flag, Refused("has no effect: nothing answers at /debug", unless=(False,))] = Field(
        False, description="More of it."
    )
    disable_dashboard_ad: Annotated[Flag, Refused("has no effect: there is no advertisement", unless=(False,))] = Field(
        False, description="Without advertisements."
    )


class PingSpec(TraefikSpec):
    """An answer for those who ask whether it lives."""

    entry_point: Text = Field("traefik", description="Where.")
    manual_routing: Flag = Field(False, description="Only by routers to `ping@internal`.")
    terminating_status_code: Annotated[
        Text, Refused("has no effect: a gateway that ends takes no connections", unless=("503",))
    ] = Field("503", description="While it ends.")


class GlobalSpec(TraefikSpec):
    """What concerns the program itself."""

    check_new_version: Annotated[Flag, Refused("has no effect: this is never done", unless=(False,))] = Field(
        True, description="Never done here."
    )
    send_anonymous_usage: Annotated[Flag, Refused("has no effect: this is never done", unless=(False,))] = Field(
        False, description="Never done here."
    )
    not_append_x_forwarded_for: Annotated[
        Flag, Refused("has no effect: write it in forwardedHeaders of entry points", unless=(False,))
    ] = Field(False, alias="notAppendXForwardedFor", description="Whether the client's address is added nowhere.")


class CoreSpec(TraefikSpec):
    """Rules."""

    default_rule_syntax: Syntax = Field("v3", description="Of rules that do not say it.")
    strict_tls_options: Flag = Field(
        False,
        alias="strictTLSOptions",
        description="Whether routers that want different TLS options for a host are for nobody.",
    )


class PluginsSpec(TraefikSpec):
    """What is not finished."""

    plugins: Annotated[AnythingSpec, Refused(NO_PLUGINS)] = Field(AnythingSpec(), description="Plugins in Go.")
    local_plugins: Annotated[AnythingSpec, Refused(NO_PLUGINS)] = Field(AnythingSpec(), description="The same, here.")
    abort_on_plugin_failure: Flag = Field(False, description="Nothing ever aborts here.")
    fast_proxy: Annotated[AnythingSpec | None, Present] = Field(None, description="Not needed: Envoy is fast.")
    kubernetes_gateway: Flag = Field(False, description="Always so.")
    kubernetes_ingress_nginx: Flag = Field(False, alias="kubernetesIngressNGINX", description="Annotations of nginx.")
    knative: Flag = Field(False, description="Knative.")
    otlp_logs: Annotated[Flag, NO_OTLP] = Field(False, alias="otlpLogs", description="Logs for OpenTelemetry.")


class HostResolverSpec(TraefikSpec):
    """Other names of hosts."""

    cname_flattening: Annotated[
        Flag, Refused("has no effect: rules see the host that was asked for; write its other names", unless=(False,))
    ] = Field(False, description="Whether rules also see what a host is an alias of.")
    resolv_config: Text = Field("/etc/resolv.conf", description="How that is asked.")
    resolv_depth: Count = Field(5, description="Aliases of aliases.")


class WorkloadApiSpec(TraefikSpec):
    """Identities from SPIFFE."""

    workload_api_addr: Annotated[
        Text, Refused("has no effect: identities here are those of the mesh itself", unless=("",))
    ] = Field("", alias="workloadAPIAddr", description="Who gives them.")


class OcspSpec(TraefikSpec):
    """Whether certificates are still good."""

    responder_overrides: AnythingSpec = Field(AnythingSpec(), description="Whom to ask instead of whom.")


def read_api(part: Written) -> Fragment:
    """The services; and their routers, if they are open to everybody."""
    spec = validated(part, ApiSpec)
    if spec is None:
        return Fragment(findings=tuple(part.findings))
    base = spec.base_path.rstrip("/")
    found: list[Object] = [*internal.service(part, "api", base)]
    if spec.dashboard:
        found += internal.service(part, "dashboard", base)
    if spec.insecure:
        found.append(router(part, "api", f"{base}/api", ADMIN, GREATEST - 1))
    if spec.insecure and spec.dashboard:
        found.append(router(part, "dashboard", spec.base_path, ADMIN, GREATEST - 2))
    return Fragment(objects=tuple(found), findings=tuple(part.findings))


def read_ping(part: Written) -> Fragment:
    """The service, and its router."""
    spec = validated(part, PingSpec)
    if spec is None:
        return Fragment(findings=tuple(part.findings))
    own = () if spec.manual_routing else (router(part, "ping", "/ping", spec.entry_point, GREATEST),)
    return Fragment(objects=(*internal.service(part, "ping"), *own), findings=tuple(part.findings))


def router(part: Written, name: str, path: str, point: str, priority: int) -> Router:
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


def read_core(part: Written) -> Fragment:
    """In which syntax rules are that do not say it."""
    spec = validated(part, CoreSpec)
    if spec is None:
        return Fragment(findings=tuple(part.findings))
    core = Core(
        name=CORE,
        origin=part.origin,
        is_older=spec.default_rule_syntax == "v2",
        is_strict=spec.strict_tls_options,
    )
    return Fragment(objects=(core,), findings=tuple(part.findings))


def read(part: Written) -> Fragment:
    """Only its mistakes."""
    kinds = {kind.name: kind.schema for kind in KINDS}
    validated(part, kinds[part.document.key.kind])
    return Fragment(findings=tuple(part.findings))


def read_ocsp(part: Written) -> Fragment:
    """That it is not done."""
    part.validated(OcspSpec)
    part.warning((), "has no effect: clients are not shown that certificates are still good")
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
    _kind("tcpServersTransport", TcpTransportSpec, stream_service.read_usual_transport),
    _kind("log", LogSpec),
    _kind("experimental", PluginsSpec),
    _kind("hostResolver", HostResolverSpec),
    _kind("spiffe", WorkloadApiSpec),
    _kind("ocsp", OcspSpec, read_ocsp),
)

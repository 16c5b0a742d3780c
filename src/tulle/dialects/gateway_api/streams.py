"""`TLSRoute`, `TCPRoute`, `UDPRoute`: where connections go into which nobody looks."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from tulle.dialects.fields import Several
from tulle.dialects.gateway_api.dialect import GROUP
from tulle.dialects.gateway_api.references import RouteSpec, WeightedReference, backend, parents
from tulle.dialects.gateway_api.rules import route, rule_name
from tulle.dialects.gateway_api.values import Hostname, SectionName, at_most
from tulle.dialects.objects import Differs, Object, ObjectKind, ObjectSpec, validated
from tulle.dialects.written import Written
from tulle.model.mesh import Fragment
from tulle.model.routes import RouteKind, StreamMatch, StreamRule


class ConnectionRule(ObjectSpec):
    """Connections go to one of the backends."""

    name: SectionName | None = Field(None, description="Its name.")
    backend_refs: Annotated[tuple[WeightedReference, ...], Several(alone=False), at_most(16, 1)] = Field(
        description="Services that get the connections, by weight; the share of one that does not exist is refused."
    )


Rules = Annotated[
    tuple[ConnectionRule, ...], Several(alone=False), at_most(16, 1), Differs("Of several rules the first counts.")
]


class ConnectionSpec(RouteSpec):
    """What a route for TCP or UDP says."""

    rules: Rules = Field(description="Its rule.")


class TlsRouteSpec(RouteSpec):
    """What a route for TLS says."""

    hostnames: Annotated[tuple[Hostname, ...], Several(alone=False), at_most(1024)] = Field(
        (), description="Server names (SNI) it is for; all that its parents serve if not given."
    )
    rules: Rules = Field(description="Its rule.")


class ConnectionRoute(Object):
    """Routes for connections, or for datagrams."""

    spec: ConnectionSpec = Field(description="What the route says.")


class TlsRoute(Object):
    """Routes for TLS, by its server name."""

    spec: TlsRouteSpec = Field(description="What the route says.")


def read_tls(part: Written) -> Fragment:
    """One route for TLS."""
    found = validated(part, TlsRoute)
    if found is None:
        return Fragment(findings=tuple(part.findings))
    return _fragment(part, found, found.spec, RouteKind.TLS, found.spec.hostnames or ("*",))


def read_tcp(part: Written) -> Fragment:
    """One route for TCP."""
    return _read(part, RouteKind.TCP)


def read_udp(part: Written) -> Fragment:
    """One route for UDP."""
    return _read(part, RouteKind.UDP)


def _read(part: Written, kind: RouteKind) -> Fragment:
    found = validated(part, ConnectionRoute)
    if found is None:
        return Fragment(findings=tuple(part.findings))
    return _fragment(part, found, found.spec, kind, ("*",))


def _fragment(
    part: Written, found: Object, spec: ConnectionSpec | TlsRouteSpec, kind: RouteKind, hosts: tuple[str, ...]
) -> Fragment:
    attached = parents(part, spec.parent_refs)
    streams = tuple(_rule(part, index, each, kind) for index, each in enumerate(spec.rules))
    for index in range(1, len(streams)):
        part.warning(("spec", "rules", index), "is never used: every connection goes by the first rule")
    return route(part, found.metadata, kind, attached, hosts=hosts, streams=streams[:1])


def _rule(part: Written, index: int, spec: ConnectionRule, kind: RouteKind) -> StreamRule:
    """One rule. Server names are added where it is attached, as far as the listener serves them."""
    path = ("spec", "rules", index)
    return StreamRule(
        name=rule_name(part, index, spec.name),
        origin=part.at(*path),
        matches=(StreamMatch(),),
        backends=tuple(
            backend(part, (*path, "backendRefs", number), each, kind) for number, each in enumerate(spec.backend_refs)
        ),
    )


_PAGES = "https://gateway-api.sigs.k8s.io/reference/api-types/"
KINDS = (
    ObjectKind(
        group=GROUP,
        versions=("v1", "v1alpha3", "v1alpha2"),
        kind="TLSRoute",
        schema=TlsRoute,
        read=read_tls,
        documentation=f"{_PAGES}tlsroute/",
    ),
    ObjectKind(
        group=GROUP,
        versions=("v1", "v1alpha2"),
        kind="TCPRoute",
        schema=ConnectionRoute,
        read=read_tcp,
        documentation=f"{_PAGES}tcproute/",
    ),
    ObjectKind(
        group=GROUP,
        versions=("v1", "v1alpha2"),
        kind="UDPRoute",
        schema=ConnectionRoute,
        read=read_udp,
        documentation=f"{_PAGES}udproute/",
    ),
)

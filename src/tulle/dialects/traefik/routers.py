"""Routers for HTTP, TCP and UDP: which requests or connections go to which service, through which middlewares."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from tulle.dialects.objects import Refused
from tulle.dialects.traefik.values import Flag, Items, Present, Text, Texts, TraefikSpec, Whole

Syntax = Literal["v2", "v3"]


class DomainSpec(TraefikSpec):
    """Names of one certificate."""

    main: Text = Field("", description="Its first name.")
    sans: Texts = Field((), description="Its other names.")


class RouterTlsSpec(TraefikSpec):
    """That requests come over TLS, and how."""

    options: Text = Field("", description="Which TLS options; `default` if not given.")
    cert_resolver: Text = Field("", description="Who gets certificates for its hosts.")
    domains: Annotated[tuple[DomainSpec, ...], Items] = Field((), description="For which names, instead of its hosts.")


class ObservabilitySpec(TraefikSpec):
    """What is told of its requests."""

    access_logs: Flag | None = Field(None, description="Whether they are logged.")
    metrics: Flag | None = Field(None, description="Whether they are counted.")
    tracing: Flag | None = Field(None, description="Whether they are traced.")
    trace_verbosity: Annotated[
        Literal["minimal", "detailed"] | None,
        Refused("has no effect: traces tell what Envoy tells", unless=("minimal",)),
    ] = Field(None, description="How much a trace tells.")


class RouterSpec(TraefikSpec):
    """Requests that meet its rule go to its service."""

    entry_points: Texts = Field((), description="Where they come in; all default ones if not given.")
    middlewares: Texts = Field(
        (), description="What is done on their way, in this order; `name@provider` from elsewhere."
    )
    service: Text = Field("", description="Where they go.")
    rule: Text = Field("", description="Which requests.")
    rule_syntax: Syntax | None = Field(None, description="Version of the language of the rule.")
    priority: Whole = Field(0, description="Which rule is asked first: the greatest; 0 is the length of the rule.")
    parent_refs: Texts = Field((), description="Routers whose requests it divides further.")
    tls: Annotated[RouterTlsSpec | None, Present] = Field(None, description="That they come over TLS.")
    observability: ObservabilitySpec | None = Field(None, description="What is told of them.")


class TcpRouterTlsSpec(RouterTlsSpec):
    """That connections have TLS, and how."""

    passthrough: Flag = Field(False, description="Whether TLS is left to the service.")


class TcpRouterSpec(TraefikSpec):
    """Connections that meet its rule go to its service."""

    entry_points: Texts = Field((), description="Where they come in; all default ones if not given.")
    middlewares: Texts = Field((), description="Which connections are let in.")
    service: Text = Field("", description="Where they go.")
    rule: Text = Field("", description="Which connections.")
    rule_syntax: Syntax | None = Field(None, description="Version of the language of the rule.")
    priority: Whole = Field(0, description="Which rule is asked first: the greatest; 0 is the length of the rule.")
    tls: Annotated[TcpRouterTlsSpec | None, Present] = Field(None, description="That they have TLS.")


class UdpRouterSpec(TraefikSpec):
    """All datagrams of its entry points go to its service."""

    entry_points: Texts = Field((), description="Where they come in; all UDP ones if not given.")
    service: Text = Field("", description="Where they go.")

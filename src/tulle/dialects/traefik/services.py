"""Services: servers and how they are chosen, and services made of other services."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from tulle.dialects.objects import Refused
from tulle.dialects.traefik.values import (
    Count,
    Flag,
    Items,
    PortNumber,
    Present,
    Seconds,
    Text,
    TextMap,
    Texts,
    TraefikSpec,
    Whole,
)


class CookieSpec(TraefikSpec):
    """A cookie that says where a client was sent first."""

    name: Text = Field("", description="Its name; made from the name of the service if not given.")
    secure: Flag = Field(False, description="Only over TLS.")
    http_only: Flag = Field(False, description="Not for scripts.")
    same_site: Literal["none", "lax", "strict", "default", "None", "Lax", "Strict", ""] = Field(
        "", description="Whether pages of others may cause it to be sent."
    )
    max_age: Whole = Field(0, description="Seconds that it lives; 0: as long as the browser runs.")
    path: Text = Field("/", description="For which paths.")
    domain: Text = Field("", description="For which hosts.")


class StickySpec(TraefikSpec):
    """A client stays where it was sent first."""

    cookie: Annotated[CookieSpec | None, Present] = Field(None, description="Which cookie says where.")


class ServerSpec(TraefikSpec):
    """One server."""

    url: Text = Field("", description="Where it is: http, https or h2c, host and port.")
    weight: Count | None = Field(None, description="Its share; 1 if not given.")
    preserve_path: Flag = Field(False, description="Whether the path of the URL stands before that of requests.")
    scheme: Text = Field("", description="In labels: how it is spoken to.")
    port: Text = Field("", description="In labels: its port.")


class HealthCheckSpec(TraefikSpec):
    """Servers are asked whether they are well; a single answer decides."""

    scheme: Text = Field("", description="http or https; that of the server if not given.")
    mode: Literal["", "http", "grpc"] = Field("", description="http, or the health protocol of gRPC.")
    path: Text = Field("", description="What is asked for.")
    method: Text = Field("", description="GET if not given.")
    status: Whole = Field(0, description="The status that is good; 200 to 399 if not given.")
    port: PortNumber = Field(0, description="Another port than that of the server.")
    interval: Seconds = Field(30.0, description="How often.")
    unhealthy_interval: Seconds | None = Field(None, description="How often those that are ill are asked.")
    timeout: Seconds = Field(5.0, description="How long an answer may take.")
    hostname: Text = Field("", description="The Host that is asked for.")
    follow_redirects: Annotated[
        Flag,
        Refused(
            "has no effect: redirects are not followed, and their statuses are good unless status is written",
            unless=(False,),
        ),
    ] = Field(True, description="Whether redirects are followed.")
    headers: TextMap = Field(default_factory=dict, description="Headers of the question.")


class PassiveHealthCheckSpec(TraefikSpec):
    """Servers that fail requests are left out for a while."""

    failure_window: Seconds = Field(10.0, description="How long failures count, and how long a server is left out.")
    max_failed_attempts: Count = Field(1, description="How many failures are too many.")


class ForwardingSpec(TraefikSpec):
    """How answers are passed on."""

    flush_interval: Seconds = Field(0.1, description="How often parts of an answer are sent on.")


class LoadBalancerSpec(TraefikSpec):
    """Servers, one of which is chosen for each request."""

    servers: Annotated[tuple[ServerSpec, ...], Items] = Field((), description="They.")
    strategy: Literal["", "wrr", "p2c", "hrw", "leasttime"] = Field(
        "", description="In turns by weight (wrr), the less busy of two, by the client's address, or the fastest."
    )
    sticky: Annotated[StickySpec | None, Present] = Field(None, description="A client stays with its server.")
    health_check: HealthCheckSpec | None = Field(None, description="Whether they are well.")
    passive_health_check: Annotated[PassiveHealthCheckSpec | None, Present] = Field(
        None, description="Those that fail are left out."
    )
    pass_host_header: Flag = Field(True, description="Whether servers see the Host that the client asked for.")
    response_forwarding: Annotated[ForwardingSpec | None, Refused("has no effect: answers are sent on at once")] = (
        Field(None, description="How answers are passed on.")
    )
    servers_transport: Text = Field("", description="How servers are spoken to.")


class PartSpec(TraefikSpec):
    """A service that gets a share of the requests."""

    name: Text = Field("", description="Its name.")
    weight: Count | None = Field(None, description="Its share; 1 if not given.")


class WeightedSpec(TraefikSpec):
    """Services that share requests in turns."""

    services: Annotated[tuple[PartSpec, ...], Items] = Field((), description="They.")
    sticky: Annotated[StickySpec | None, Present] = Field(None, description="A client stays with its service.")
    health_check: Annotated[TraefikSpec | None, Present] = Field(
        None, description="Whether the health of its services makes its own."
    )


class HighestRandomWeightSpec(TraefikSpec):
    """Services that share clients, by their addresses."""

    services: Annotated[tuple[PartSpec, ...], Items] = Field((), description="They.")
    health_check: Annotated[TraefikSpec | None, Present] = Field(
        None, description="Whether the health of its services makes its own."
    )


class MirrorSpec(TraefikSpec):
    """A service that gets copies."""

    name: Text = Field("", description="Its name.")
    percent: Count = Field(0, description="Of how many in a hundred requests.")


class MirroringSpec(TraefikSpec):
    """A service whose requests are copied to others."""

    service: Text = Field("", description="Which.")
    mirror_body: Annotated[Flag, Refused("has no effect: copies always have the body", unless=(True,))] = Field(
        True, description="Whether copies have the body."
    )
    max_body_size: Whole = Field(-1, description="Bytes of a body above which nothing is copied; -1: no limit.")
    mirrors: Annotated[tuple[MirrorSpec, ...], Items] = Field((), description="Who gets copies.")
    health_check: Annotated[TraefikSpec | None, Present] = Field(
        None, description="Whether the health of its service makes its own."
    )


class FailoverErrorsSpec(TraefikSpec):
    """Answers that send a request to the fallback."""

    status: Texts = Field((), description="Statuses and ranges of them.")
    max_request_body_bytes: Whole = Field(-1, description="Bytes of a body above which a request is not sent again.")


class FailoverSpec(TraefikSpec):
    """A service, and another one for when it is ill."""

    service: Text = Field("", description="The usual one.")
    fallback: Text = Field("", description="The other one.")
    health_check: Annotated[TraefikSpec | None, Present] = Field(
        None, description="Whether the health of its services makes its own."
    )
    errors: FailoverErrorsSpec | None = Field(None, description="Answers that send a request to the fallback, too.")


class ServiceSpec(TraefikSpec):
    """Exactly one kind of service."""

    load_balancer: Annotated[LoadBalancerSpec | None, Present] = Field(None, description="Servers.")
    weighted: WeightedSpec | None = Field(None, description="Services by weight.")
    highest_random_weight: HighestRandomWeightSpec | None = Field(None, description="Services by the client's address.")
    mirroring: MirroringSpec | None = Field(None, description="A service with copies for others.")
    failover: FailoverSpec | None = Field(None, description="A service and its fallback.")
    middlewares: Texts = Field((), description="What is done before a server is chosen.")

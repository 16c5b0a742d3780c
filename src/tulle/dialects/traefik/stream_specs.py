"""Services for connections and datagrams as they are written."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from tulle.dialects.objects import Refused
from tulle.dialects.traefik.services import PartSpec
from tulle.dialects.traefik.tls_specs import CertificateSpec, SpiffeSpec
from tulle.dialects.traefik.values import (
    Flag,
    Items,
    PortNumber,
    Present,
    Seconds,
    Text,
    Texts,
    TraefikSpec,
    Whole,
)


class StreamServerSpec(TraefikSpec):
    """One server."""

    address: Text = Field("", description="host:port.")
    tls: Flag = Field(False, description="Whether it is spoken to by TLS.")
    port: Text = Field("", description="In labels: its port.")


class SendProxySpec(TraefikSpec):
    """The PROXY protocol."""

    version: Whole = Field(2, description="1 or 2.")


class TcpHealthSpec(TraefikSpec):
    """Whether servers are well."""

    port: PortNumber = Field(0, description="Another port than that of the server.")
    send: Text = Field("", description="What is sent.")
    expect: Text = Field("", description="What is to come.")
    interval: Seconds = Field(30.0, description="How often.")
    unhealthy_interval: Seconds | None = Field(None, description="How often those that are ill are asked.")
    timeout: Seconds = Field(5.0, description="How long an answer may take.")


class TcpLoadBalancerSpec(TraefikSpec):
    """Servers, one of which is chosen for each connection."""

    servers: Annotated[tuple[StreamServerSpec, ...], Items] = Field((), description="They.")
    servers_transport: Text = Field("", description="How servers are spoken to.")
    proxy_protocol: Annotated[SendProxySpec | None, Present] = Field(None, description="The PROXY protocol.")
    termination_delay: Annotated[Whole, Refused("has no effect: half-closed connections are never cut")] = Field(
        100, description="Milliseconds that the other direction has after one has ended."
    )
    health_check: TcpHealthSpec | None = Field(None, description="Whether they are well.")


class TcpWeightedSpec(TraefikSpec):
    """Services that share connections."""

    services: Annotated[tuple[PartSpec, ...], Items] = Field((), description="They.")
    health_check: Annotated[TraefikSpec | None, Present] = Field(
        None, description="Whether the health of its services makes its own."
    )


class TcpServiceSpec(TraefikSpec):
    """Exactly one kind of service."""

    load_balancer: Annotated[TcpLoadBalancerSpec | None, Present] = Field(None, description="Servers.")
    weighted: TcpWeightedSpec | None = Field(None, description="Services by weight.")


class UdpServerSpec(TraefikSpec):
    """One server."""

    address: Text = Field("", description="host:port.")
    port: Text = Field("", description="In labels: its port.")


class UdpLoadBalancerSpec(TraefikSpec):
    """Servers, one of which is chosen for each client."""

    servers: Annotated[tuple[UdpServerSpec, ...], Items] = Field((), description="They.")


class UdpServiceSpec(TraefikSpec):
    """Exactly one kind of service."""

    load_balancer: Annotated[UdpLoadBalancerSpec | None, Present] = Field(None, description="Servers.")
    weighted: TcpWeightedSpec | None = Field(None, description="Services by weight.")


class TcpTlsSpec(TraefikSpec):
    """TLS towards servers."""

    server_name: Text = Field("", description="The name that is asked for (SNI), and that they must have.")
    insecure_skip_verify: Flag = Field(False, description="Whether any certificate is good.")
    root_cas: Texts = Field((), alias="rootCAs", description="Authorities: files, or PEM.")
    certificates: Annotated[tuple[CertificateSpec, ...], Items] = Field((), description="Shown to them.")
    peer_cert_uri: Text = Field("", alias="peerCertURI", description="A name that their certificate must have.")
    spiffe: Annotated[
        SpiffeSpec | None,
        Present,
        Refused("has no effect: nothing here asks a SPIFFE workload API", is_error=True),
    ] = Field(None, description="Identities of servers.")


class TcpTransportSpec(TraefikSpec):
    """How servers are spoken to."""

    dial_timeout: Seconds = Field(30.0, description="For a connection.")
    dial_keep_alive: Annotated[Seconds, Refused("has no effect: idle connections are not tried", unless=(15.0,))] = (
        Field(15.0, description="How often idle connections are tried.")
    )
    termination_delay: Annotated[Seconds, Refused("has no effect: half-closed connections are never cut")] = Field(
        0.1, description="How long the other direction has after one has ended."
    )
    proxy_protocol: Annotated[SendProxySpec | None, Present] = Field(None, description="The PROXY protocol.")
    tls: Annotated[TcpTlsSpec | None, Present] = Field(None, description="TLS.")

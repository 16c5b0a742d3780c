"""Transports: how servers are spoken to."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from pydantic import Field

from tulle.dialects.objects import Refused, validated
from tulle.dialects.sections import Kind, Shape
from tulle.dialects.traefik import server_tls
from tulle.dialects.traefik.tls_specs import CertificateSpec, SpiffeSpec, Version
from tulle.dialects.traefik.values import Count, Flag, Items, Present, Seconds, Text, Texts, TraefikSpec
from tulle.dialects.written import Written
from tulle.model.mesh import Fragment
from tulle.model.routers import USUAL_TRANSPORT, Transport

UNCHOSEN = Refused("has no effect yet: the versions and ciphers of TLS are those of Envoy")


class TimeoutsSpec(TraefikSpec):
    """How long servers may take."""

    dial_timeout: Seconds = Field(30.0, description="For a connection.")
    response_header_timeout: Seconds = Field(0.0, description="Until an answer begins; 0: any time.")
    idle_conn_timeout: Seconds = Field(90.0, description="After which idle connections are closed.")
    read_idle_timeout: Annotated[Seconds, Refused("has no effect: servers are not asked for life", unless=(0.0,))] = (
        Field(0.0, description="Of HTTP/2: silence after which a server is asked for life.")
    )
    ping_timeout: Annotated[Seconds, Refused("has no effect: servers are not asked for life", unless=(15.0,))] = Field(
        15.0, description="For the answer to that."
    )


class TransportSpec(TraefikSpec):
    """How servers are spoken to."""

    server_name: Text = Field("", description="The name that is asked for (SNI), and that they must have.")
    insecure_skip_verify: Flag = Field(False, description="Whether any certificate is good.")
    root_cas: Texts = Field((), alias="rootCAs", description="Authorities: files, or PEM.")
    certificates: Annotated[tuple[CertificateSpec, ...], Items] = Field((), description="Shown to them.")
    cipher_suites: Annotated[Texts, UNCHOSEN] = Field((), description="Up to TLS 1.2.")
    min_version: Annotated[Version, UNCHOSEN] = Field("", description="The lowest version of TLS.")
    max_version: Annotated[Version, UNCHOSEN] = Field("", description="The highest.")
    max_idle_conns_per_host: Annotated[
        Count, Refused("has no effect: connections are kept as they are needed", unless=(200,))
    ] = Field(200, description="Idle connections that are kept.")
    forwarding_timeouts: TimeoutsSpec | None = Field(None, description="How long servers may take.")
    disable_http2: Flag = Field(False, alias="disableHTTP2", description="Whether only HTTP/1.1 is spoken.")
    peer_cert_uri: Text = Field("", alias="peerCertURI", description="A name that their certificate must have.")
    spiffe: Annotated[
        SpiffeSpec | None,
        Present,
        Refused("has no effect: nothing here asks a SPIFFE workload API", is_error=True),
    ] = Field(None, description="Identities of servers.")


def read(part: Written) -> Fragment:
    """The transport."""
    spec = validated(part, TransportSpec)
    if spec is None:
        return Fragment(findings=tuple(part.findings))
    certificate, key = server_tls.shown(spec)
    timeouts = spec.forwarding_timeouts or TimeoutsSpec.model_validate({})
    transport = Transport(
        name=part.document.key.name,
        origin=part.origin,
        tls=server_tls.read(part, spec),
        authorities=server_tls.authorities(spec),
        certificate=certificate,
        key=key,
        connect_timeout=timeouts.dial_timeout or 30.0,
        answer_timeout=timeouts.response_header_timeout,
        idle_timeout=timeouts.idle_conn_timeout,
        disables_http2=spec.disable_http2,
    )
    return Fragment(objects=(transport,), findings=tuple(part.findings))


def read_usual(part: Written) -> Fragment:
    """The one of services that name none."""
    found = read(part)
    usual = (replace(each, name=USUAL_TRANSPORT) for each in found.objects if isinstance(each, Transport))
    return replace(found, objects=tuple(usual))


KIND = Kind(
    name="traefik/http-transport",
    noun="serversTransport",
    section=("http", "serversTransports"),
    shape=Shape.NAMED,
    schema=TransportSpec,
    read=read,
)

"""Entry points as they are written."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from tulle.dialects.objects import Refused
from tulle.dialects.traefik.routers import ObservabilitySpec, RouterTlsSpec
from tulle.dialects.traefik.values import Count, Flag, Present, Seconds, Text, Texts, TraefikSpec, Whole

Strategy = Literal["", "keep", "delete", "reject"]


class ForwardedHeadersSpec(TraefikSpec):
    """Whose `X-Forwarded-*` are believed."""

    insecure: Flag = Field(False, description="Everybody's.")
    trusted_ips: Texts = Field((), alias="trustedIPs", description="Those of these addresses and CIDRs.")
    connection: Annotated[Texts, Refused("has no effect: headers that `Connection` names are never sent on")] = Field(
        (), description="Headers that are sent on though `Connection` names them."
    )
    not_append_x_forwarded_for: Flag = Field(
        False, alias="notAppendXForwardedFor", description="Whether the client's address is not added."
    )


class ProxyProtocolSpec(TraefikSpec):
    """Whose PROXY protocol is believed."""

    insecure: Flag = Field(False, description="Everybody's.")
    trusted_ips: Texts = Field((), alias="trustedIPs", description="That of these addresses and CIDRs.")


class RedirectEntryPointSpec(TraefikSpec):
    """Where all requests are sent."""

    to: Text = Field("", description="Another entry point, or `:port`.")
    scheme: Text = Field("https", description="The scheme there.")
    permanent: Flag = Field(True, description="Whether browsers may remember it.")
    priority: Whole | None = Field(None, description="That of the router which does it.")


class RedirectionsSpec(TraefikSpec):
    """All requests are sent elsewhere."""

    entry_point: RedirectEntryPointSpec | None = Field(None, description="Where.")


class EntryPointCharactersSpec(TraefikSpec):
    """Paths with characters in disguise."""

    allow_encoded_slash: Flag = Field(True, description="%2F")
    allow_encoded_back_slash: Flag = Field(True, description="%5C")
    allow_encoded_null_character: Flag = Field(True, description="%00")
    allow_encoded_semicolon: Flag = Field(True, description="%3B")
    allow_encoded_percent: Flag = Field(True, description="%25")
    allow_encoded_question_mark: Flag = Field(True, description="%3F")
    allow_encoded_hash: Flag = Field(True, description="%23")


class EntryPointHttpSpec(TraefikSpec):
    """What holds for its HTTP routers."""

    redirections: RedirectionsSpec | None = Field(None, description="All requests are sent elsewhere.")
    middlewares: Texts = Field((), description="Before those of its routers.")
    tls: Annotated[RouterTlsSpec | None, Present] = Field(None, description="TLS for all its routers.")
    encode_query_semicolons: Flag = Field(False, description="Whether `;` in queries is escaped.")
    sanitize_path: Flag = Field(True, description="Whether `..`, `.` and `//` are taken out of paths.")
    encoded_characters: EntryPointCharactersSpec | None = Field(None, description="Which paths are refused.")
    max_header_bytes: Count = Field(1048576, description="Bytes of all headers.")
    underscore_headers_strategy: Strategy = Field("", description="No longer used: aliasHeadersStrategy.")
    alias_headers_strategy: Strategy = Field("", description="What becomes of headers with `_`.")


class Http2Spec(TraefikSpec):
    """HTTP/2."""

    max_concurrent_streams: Count = Field(250, description="Requests at a time of one connection.")
    max_decoder_header_table_size: Annotated[Count, Refused("has no effect: Envoy has 4096 bytes", unless=(4096,))] = (
        Field(4096, description="Bytes of its table of headers.")
    )
    max_encoder_header_table_size: Annotated[Count, Refused("has no effect: Envoy has 4096 bytes", unless=(4096,))] = (
        Field(4096, description="Bytes of the table of the other side.")
    )


class Http3Spec(TraefikSpec):
    """HTTP/3."""

    advertised_port: Count = Field(0, description="The port that clients are told.")


class LifeCycleSpec(TraefikSpec):
    """How it ends."""

    request_accept_grace_timeout: Seconds = Field(0.0, description="How long it takes requests after it should end.")
    grace_time_out: Seconds = Field(10.0, description="How long requests have then.")


class RespondingTimeoutsSpec(TraefikSpec):
    """How long clients may take."""

    read_timeout: Seconds = Field(60.0, description="For a request with its body.")
    write_timeout: Annotated[Seconds, Refused("has no effect: an answer may take any time", unless=(0.0,))] = Field(
        0.0, description="For an answer."
    )
    idle_timeout: Seconds = Field(180.0, description="Between requests.")


class EntryPointTransportSpec(TraefikSpec):
    """Connections."""

    life_cycle: Annotated[
        LifeCycleSpec | None, Refused("has no effect: requests have 3 seconds when a gateway ends")
    ] = Field(None, description="How it ends.")
    responding_timeouts: RespondingTimeoutsSpec | None = Field(None, description="How long clients may take.")
    keep_alive_max_time: Seconds = Field(0.0, description="How long a connection lives; 0: as long as it likes.")
    keep_alive_max_requests: Count = Field(0, description="How many requests it may bring; 0: any number.")


class UdpSpec(TraefikSpec):
    """Datagrams."""

    timeout: Seconds = Field(3.0, description="After so long without one, a client is a new one.")


class EntryPointSpec(TraefikSpec):
    """Where requests, connections or datagrams come in."""

    address: Text = Field("", description="host:port, with /udp for datagrams.")
    allow_acme_by_pass: Flag = Field(
        False,
        alias="allowACMEByPass",
        description="Whether redirections leave the paths of ACME challenges to routers.",
    )
    reuse_port: Annotated[Flag, Refused("has no effect: it is always so", unless=(True,))] = Field(
        False, description="Always so."
    )
    as_default: Flag = Field(False, description="Whether it is for routers that name none.")
    transport: EntryPointTransportSpec | None = Field(None, description="Connections.")
    proxy_protocol: Annotated[ProxyProtocolSpec | None, Present] = Field(
        None, description="Whose PROXY protocol is believed."
    )
    forwarded_headers: Annotated[ForwardedHeadersSpec | None, Present] = Field(
        None, description="Whose `X-Forwarded-*` are believed."
    )
    http: EntryPointHttpSpec | None = Field(None, description="What holds for its HTTP routers.")
    http2: Http2Spec | None = Field(None, description="HTTP/2.")
    http3: Annotated[Http3Spec | None, Present] = Field(None, description="HTTP/3.")
    udp: UdpSpec | None = Field(None, description="Datagrams.")
    observability: ObservabilitySpec | None = Field(None, description="What is told of its requests.")

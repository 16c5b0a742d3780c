"""Transports: how servers are spoken to."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from pydantic import Field

from tulle.dialects.objects import Refused, validated
from tulle.dialects.sections import Kind, Shape
from tulle.dialects.traefik.files import file_or_text, is_text
from tulle.dialects.traefik.tls_specs import CertificateSpec, SpiffeSpec, Version
from tulle.dialects.traefik.values import Count, Flag, Items, Present, Seconds, Text, Texts, TraefikSpec
from tulle.dialects.written import Written
from tulle.model.mesh import Fragment
from tulle.model.policies import ClientTls, TlsMode
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
    shown = spec.certificates[0] if spec.certificates else None
    timeouts = spec.forwarding_timeouts or TimeoutsSpec.model_validate({})
    transport = Transport(
        name=part.document.key.name,
        origin=part.origin,
        tls=_tls(part, spec),
        authorities="\n".join(_texts(spec.root_cas)),
        certificate=shown.cert_file if shown is not None and is_text(shown.cert_file) else "",
        key=shown.key_file if shown is not None and is_text(shown.key_file) else "",
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


def _tls(part: Written, spec: TransportSpec) -> ClientTls:
    if len(spec.certificates) > 1:
        part.warning(("certificates",), "has more than one; only the first one counts")
    shown = spec.certificates[0] if spec.certificates else None
    files = [file_or_text(part, each) for each in spec.root_cas if not is_text(each)]
    if files and len(files) < len(spec.root_cas):
        part.warning(("rootCAs",), "has files and PEM; only the files count")
    return ClientTls(
        mode=TlsMode.MUTUAL if shown is not None else TlsMode.SIMPLE,
        certificate_file=file_or_text(part, shown.cert_file) if shown is not None else "",
        key_file=file_or_text(part, shown.key_file) if shown is not None else "",
        ca_file=files[0] if files else "",
        more_ca_files=tuple(files[1:]),
        server_name=spec.server_name,
        subject_alt_names=(spec.peer_cert_uri,) if spec.peer_cert_uri else (),
        skips_verification=spec.insecure_skip_verify,
    )


def _texts(values: tuple[str, ...]) -> tuple[str, ...]:
    """Those that are PEM, if all of them are."""
    return values if all(map(is_text, values)) else ()


KIND = Kind(
    name="traefik/http-transport",
    noun="serversTransport",
    section=("http", "serversTransports"),
    shape=Shape.NAMED,
    schema=TransportSpec,
    read=read,
)

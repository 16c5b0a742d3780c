"""Tracing: spans of requests, sent to a collector of OpenTelemetry."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from tulle.dialects.fields import shown
from tulle.dialects.objects import validated
from tulle.dialects.sections import Kind, Shape
from tulle.dialects.traefik.files import file_or_text, is_text
from tulle.dialects.traefik.middleware_specs import ClientTlsSpec
from tulle.dialects.traefik.observing_specs import CollectorSpec, TracingSpec
from tulle.dialects.written import Written
from tulle.model.hostnames import is_address
from tulle.model.mesh import Fragment, Object
from tulle.model.names import Name
from tulle.model.observing import Observing, RequestTraces
from tulle.model.policies import ClientTls, TlsMode
from tulle.model.routers import INTERNAL, STATIC, Pool, Reference, Transport
from tulle.model.services import Endpoint, Port, Protocol, Resolution, Service

COLLECTOR = Name(INTERNAL, "collector")
PORT = 80
"""By which everything refers to the only port of a service."""
PORTS = {"http": 4318, "https": 4318}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the collector is."""

    host: str
    port: int
    path: str = ""
    """Empty: it is called by gRPC."""
    is_encrypted: bool = False
    tls: ClientTlsSpec | None = None
    headers: tuple[tuple[str, str], ...] = ()


def read(part: Written) -> Fragment:
    """What is traced, and the service that takes it."""
    spec = validated(part, TracingSpec)
    if spec is None:
        return Fragment(findings=tuple(part.findings))
    place = _place(part, spec.otlp or CollectorSpec.model_validate({"http": {}}))
    if place is None:
        return Fragment(findings=tuple(part.findings))
    traces = RequestTraces(
        collector=COLLECTOR,
        path=place.path,
        authority=f"{place.host}:{place.port}",
        service_name=spec.service_name,
        share=spec.sample_rate,
        attributes=tuple(sorted({**spec.global_attributes, **spec.resource_attributes}.items())),
        request_headers=spec.captured_request_headers,
        response_headers=spec.captured_response_headers,
        headers=place.headers,
    )
    observing = Observing(name=Name(STATIC, "traces"), origin=part.origin, what=traces)
    return Fragment(objects=(observing, *_collector(part, place)), findings=tuple(part.findings))


def _place(part: Written, spec: CollectorSpec) -> Place | None:
    if spec.grpc is not None:
        host, _, port = spec.grpc.endpoint.rpartition(":")
        found = Place(
            host=host.strip("[]"),
            port=int(port) if port.isdecimal() else 0,
            is_encrypted=not spec.grpc.insecure,
            tls=spec.grpc.tls,
            headers=tuple(spec.grpc.headers.items()),
        )
        where, given, example = ("otlp", "grpc", "endpoint"), spec.grpc.endpoint, "localhost:4317"
    else:
        http = spec.http or CollectorSpec.model_validate({"http": {}}).http
        assert http is not None
        found = _by_url(http.endpoint, http.tls, tuple(http.headers.items()))
        where, given, example = ("otlp", "http", "endpoint"), http.endpoint, "http://localhost:4318"
    if found.host and 0 < found.port < 65536:
        return found
    part.error(where, f"must be a place such as {example}, not {shown(given)}")
    return None


def _by_url(text: str, tls: ClientTlsSpec | None, headers: tuple[tuple[str, str], ...]) -> Place:
    try:
        url = urlsplit(text)
        port = url.port or PORTS.get(url.scheme, 0)
    except ValueError:
        url, port = urlsplit(""), 0
    return Place(
        host=url.hostname or "",
        port=port,
        path=url.path if len(url.path) > 1 else "/v1/traces",
        is_encrypted=url.scheme == "https",
        tls=tls,
        headers=headers,
    )


def _collector(part: Written, place: Place) -> tuple[Object, ...]:
    """The service that takes them, as any other."""
    service = Service(
        name=COLLECTOR,
        origin=part.origin,
        ports=(Port(name="http", number=PORT, protocol=Protocol.HTTP if place.path else Protocol.HTTP2),),
        account="",
        addresses=(Endpoint(address=place.host, port=place.port, hostname=place.host),),
        resolution=Resolution.ENDPOINTS if is_address(place.host) else Resolution.DNS,
        is_outside=True,
        runs_here=False,
    )
    pool = Pool(
        name=COLLECTOR,
        origin=part.origin,
        service=service,
        transport=Reference(COLLECTOR),
        is_encrypted=place.is_encrypted,
        authorities=(f"{place.host}:{place.port}",),
    )
    return pool, _transport(part, place)


def _transport(part: Written, place: Place) -> Transport:
    tls = place.tls or ClientTlsSpec.model_validate({})
    return Transport(
        name=COLLECTOR,
        origin=part.origin,
        tls=ClientTls(
            mode=TlsMode.MUTUAL if tls.cert else TlsMode.SIMPLE,
            ca_file=file_or_text(part, tls.ca) if tls.ca and not is_text(tls.ca) else "",
            certificate_file=file_or_text(part, tls.cert) if tls.cert and not is_text(tls.cert) else "",
            key_file=file_or_text(part, tls.key) if tls.key and not is_text(tls.key) else "",
            skips_verification=tls.insecure_skip_verify,
        ),
        authorities=tls.ca if is_text(tls.ca) else "",
        certificate=tls.cert if is_text(tls.cert) else "",
        key=tls.key if is_text(tls.key) else "",
        connect_timeout=5.0,
    )


KIND = Kind(
    name="traefik/tracing",
    noun="tracing",
    section=("tracing",),
    shape=Shape.WHOLE,
    schema=TracingSpec,
    read=read,
    is_global=True,
)

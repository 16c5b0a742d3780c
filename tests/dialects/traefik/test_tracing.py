from __future__ import annotations

from typing import Any

import pytest

from tests.dialects.traefik.reading import FOLDER, read, wrong
from tulle.dialects.traefik.tracing import COLLECTOR
from tulle.model.observing import RequestTraces
from tulle.model.policies import TlsMode
from tulle.model.services import Protocol, Resolution


def found(text: str) -> tuple[RequestTraces, Any, Any]:
    (observing, pool, transport), findings = read(f"tracing: {{{text}}}")
    assert findings == []
    assert (pool.name, transport.name, pool.transport.name) == (COLLECTOR,) * 3
    return observing.what, pool, transport


def test_what_is_usual() -> None:
    traces, pool, _ = found("")
    assert traces == RequestTraces(
        collector=COLLECTOR, path="/v1/traces", authority="localhost:4318", service_name="traefik"
    )
    assert pool.is_encrypted
    assert (pool.service.resolution, pool.service.ports[0].protocol) == (Resolution.DNS, Protocol.HTTP)


def test_everything() -> None:
    traces, pool, _ = found(
        """serviceName: edge, sampleRate: 0.25, resourceAttributes: {a: b}, capturedRequestHeaders: [X-A],
  capturedResponseHeaders: X-B, addInternals: true,
  otlp: {grpc: {endpoint: "[::1]:4317", insecure: true, headers: {x-key: secret}}}"""
    )
    assert traces == RequestTraces(
        collector=COLLECTOR,
        authority="::1:4317",
        service_name="edge",
        share=0.25,
        attributes=(("a", "b"),),
        request_headers=("X-A",),
        response_headers=("X-B",),
        headers=(("x-key", "secret"),),
    )
    assert not pool.is_encrypted
    assert (pool.service.resolution, pool.service.ports[0].protocol) == (Resolution.ENDPOINTS, Protocol.HTTP2)


def test_certificates_of_collectors() -> None:
    pem = "-----BEGIN CERTIFICATE-----\\nx"
    _, _, transport = found(
        "otlp: {http: {endpoint: 'https://a.test:1/x', tls: {ca: ca.pem, cert: c.pem, key: k.pem}}}"
    )
    assert (transport.tls.mode, transport.tls.ca_file) == (TlsMode.MUTUAL, f"{FOLDER}/ca.pem")
    _, _, transport = found(f'otlp: {{grpc: {{tls: {{ca: "{pem}", cert: "{pem}", key: "{pem}"}}}}}}')
    assert transport.authorities == transport.certificate == transport.key == pem.replace("\\n", "\n")
    assert transport.tls.ca_file == transport.tls.certificate_file == transport.tls.key_file == ""


@pytest.mark.parametrize("place", ["http: {endpoint: 'http://[x'}", "http: {endpoint: a}", "grpc: {endpoint: a}"])
def test_places_that_are_none(place: str) -> None:
    (message,) = wrong(f"tracing: {{otlp: {{{place}}}}}")
    assert "must be a place such as" in message


def test_mistakes() -> None:
    assert wrong("tracing: {sampleRate: 2}") == ['1: tracing: "sampleRate" must be at most 1, not 2']
    assert wrong("tracing: {sampleRate: much}") == ['1: tracing: "sampleRate" must be a number, not "much"']
    assert wrong("tracing: {sampleRate: true}") == ['1: tracing: "sampleRate" must be a number, not true']

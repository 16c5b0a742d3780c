from __future__ import annotations

from typing import Any

import pytest

from tests.dialects.traefik.reading import only, wrong
from tulle.model.listeners import Entrance, Forwarded
from tulle.model.names import Name
from tulle.model.routers import Redirection, Reference, RouterTls


def point(text: str) -> Any:
    return only(f"entryPoints: {{web: {{{text}}}}}")


@pytest.mark.parametrize(
    ("written", "address", "port", "is_udp"),
    [
        (":80", "::", 80, False),
        ("127.0.0.1:8080/tcp", "127.0.0.1", 8080, False),
        ("localhost:81", "127.0.0.1", 81, False),
        ("[::1]:53/UDP", "::1", 53, True),
    ],
)
def test_addresses(written: str, address: str, port: int, is_udp: bool) -> None:
    found = point(f"address: '{written}'")
    assert (found.address, found.port, found.is_udp) == (address, port, is_udp)
    assert found.entrance == Entrance(idle_timeout=3.0 if is_udp else 180.0)


def test_every_option() -> None:
    found = point("""address: ':80', asDefault: true,
  forwardedHeaders: {insecure: true, trustedIPs: [10.0.0.1], notAppendXForwardedFor: true},
  proxyProtocol: {trustedIPs: 10.0.0.0/8}, http2: {maxConcurrentStreams: 5}, http3: {advertisedPort: 443},
  transport: {keepAliveMaxTime: 9s, keepAliveMaxRequests: 8,
    respondingTimeouts: {readTimeout: 1s, idleTimeout: 3s}},
  http: {redirections: {entryPoint: {to: other, scheme: http, permanent: false, priority: 5}},
    middlewares: [m, n@docker], tls: {certResolver: le}, encodeQuerySemicolons: true, sanitizePath: false,
    encodedCharacters: {allowEncodedSlash: false}, maxHeaderBytes: 100, aliasHeadersStrategy: reject}""")
    assert found.is_usual
    assert found.entrance == Entrance(
        forwarded=Forwarded(trusts_all=True, trusted=("10.0.0.1/32",), appends=False),
        proxy_protocol=Forwarded(trusted=("10.0.0.0/8",)),
        sanitizes_path=False,
        refused_characters=("%2f",),
        encodes_semicolons=True,
        largest_headers=100,
        underscores="reject",
        read_timeout=1.0,
        idle_timeout=3.0,
        most_streams=5,
        most_requests=8,
        longest=9.0,
        http3=443,
    )
    assert found.redirect == Redirection(to="other", scheme="http", is_permanent=False, priority=5)
    assert found.steps == (Reference(Name("@file", "m")), Reference(Name("@docker", "n")))
    assert found.tls == RouterTls(resolver="le")
    assert point("address: ':81', http3: {}").entrance == Entrance(http3=81)
    assert point("address: ':53/udp', udp: {timeout: 5s}").entrance == Entrance(idle_timeout=5.0)


def test_a_redirection_has_a_priority() -> None:
    assert point("address: ':80', http: {redirections: {entryPoint: {to: ':443'}}}").redirect == Redirection(to=":443")
    assert point("address: ':80', http: {underscoreHeadersStrategy: keep}").entrance == Entrance()


def test_mistakes() -> None:
    assert wrong("""
entryPoints:
  a: {address: "80"}
  b: {address: ":0"}
  c: {adress: ":80"}
""") == [
        '3: entry point a: "address" must be an address such as :8080 or 127.0.0.1:8080, not "80"',
        '4: entry point b: "address" must be an address such as :8080 or 127.0.0.1:8080, not ":0"',
        '5: entry point c: unknown field "adress"; did you mean "address"?',
    ]

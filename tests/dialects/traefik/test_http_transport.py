from __future__ import annotations

from typing import Any

from tests.dialects.traefik.reading import only, wrong


def transport(text: str) -> Any:
    return only(f"http: {{serversTransports: {{t: {{{text}}}}}}}")


def test_every_option_is_read() -> None:
    found = transport("""serverName: a.test, insecureSkipVerify: true, rootCAs: [ca.pem], peerCertURI: 'spiffe://a',
  certificates: [{certFile: c, keyFile: k}], disableHTTP2: true,
  forwardingTimeouts: {dialTimeout: 1s, responseHeaderTimeout: 2s, idleConnTimeout: 3s}""")
    assert (found.connect_timeout, found.answer_timeout, found.idle_timeout) == (1.0, 2.0, 3.0)
    assert found.disables_http2
    assert (found.tls.server_name, found.tls.skips_verification) == ("a.test", True)


def test_mistakes() -> None:
    assert wrong("http: {serversTransports: {t: {x: 1}}}") == ['1: serversTransport t: unknown field "x"']

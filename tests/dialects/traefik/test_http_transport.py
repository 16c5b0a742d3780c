from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.dialects.traefik.reading import only, wrong
from tulle.model.mesh import Fragment
from tulle.model.policies import TlsMode
from tulle.model.routers import USUAL_TRANSPORT, Transport


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


Read = Callable[[str], Fragment]
TEXT = "-----BEGIN CERTIFICATE-----"


def the_transport(fragment: Fragment) -> Transport:
    (found,) = fragment.objects
    assert isinstance(found, Transport)
    return found


def test_timeouts_and_http2(read: Read) -> None:
    text = "{forwardingTimeouts: {dialTimeout: 1s, responseHeaderTimeout: 2s, idleConnTimeout: 3s}, disableHTTP2: true}"
    found = the_transport(read(f"http: {{serversTransports: {{t: {text}}}}}"))
    assert (found.connect_timeout, found.answer_timeout, found.idle_timeout) == (1.0, 2.0, 3.0)
    assert found.disables_http2


def test_authorities_in_files(read: Read) -> None:
    found = the_transport(read("http: {serversTransports: {t: {rootCAs: [a.pem, /b.pem], serverName: a.test}}}"))
    assert found.tls is not None
    assert (found.tls.ca_file, found.tls.more_ca_files) == ("/folder/a.pem", ("/b.pem",))
    assert found.tls.server_name == "a.test"


def test_authorities_and_certificates_as_text(read: Read) -> None:
    pair = f"{{certFile: '{TEXT}c', keyFile: '{TEXT}k'}}"
    text = f"{{rootCAs: ['{TEXT}1', '{TEXT}2'], certificates: [{pair}], peerCertURI: 'spiffe://a'}}"
    found = the_transport(read(f"http: {{serversTransports: {{t: {text}}}}}"))
    assert found.authorities == f"{TEXT}1\n{TEXT}2"
    assert (found.certificate, found.key) == (f"{TEXT}c", f"{TEXT}k")
    assert found.tls is not None
    assert (found.tls.mode, found.tls.subject_alt_names) == (TlsMode.MUTUAL, ("spiffe://a",))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"{{rootCAs: [a.pem, '{TEXT}']}}", "only the files count"),
        ("{certificates: [{certFile: a, keyFile: b}, {certFile: c, keyFile: d}]}", "only the first one counts"),
    ],
)
def test_what_does_not_count_is_said(read: Read, text: str, expected: str) -> None:
    (finding,) = read(f"http: {{serversTransports: {{t: {text}}}}}").findings
    assert expected in finding.message


def test_a_transport_that_cannot_be_read(read: Read) -> None:
    found = read("http: {serversTransports: {t: {disableHTTP2: perhaps}}}")
    assert not found.objects
    assert found.findings


def test_the_usual_one_is_static(read: Read) -> None:
    assert the_transport(read("serversTransport: {insecureSkipVerify: true}")).name == USUAL_TRANSPORT

"""Certificates of a real authority (Pebble) that has asked the gateway, with configuration of Traefik."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509

from tests.e2e import knot, pebble
from tests.e2e.knot import Knot
from tests.e2e.machine import eventually
from tests.e2e.pebble import Pebble, free_port
from tests.e2e.traefik.gateways import Tulle

pytestmark = pytest.mark.e2e
CONFIG = """
entryPoints:
  web: {{address: "127.0.0.1:{http}"}}
  websecure: {{address: "127.0.0.1:{tls}"}}
certificatesResolvers:
  le:
    acme:
      caServer: https://127.0.0.1:{authority}/dir
      caCertificates: [{root}]
      email: me@example.org
      keyType: EC256
      {challenge}
http:
  routers:
    shop: {{rule: "Host(`{host}`)", service: noop@internal, tls: {{certResolver: le}}}}
"""


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Knot]:
    with knot.running(Knot(tmp_path_factory.mktemp("knot"))) as server:
        yield server


@pytest.mark.parametrize(
    ("challenge", "host"),
    [("httpChallenge: {entryPoint: web}", "a.example.test"), ("tlsChallenge: {}", "b.example.test")],
)
def test_the_authority_finds_what_it_asks_for_at_the_gateway(
    challenge: str, host: str, names: Knot, tmp_path: Path
) -> None:
    authority = Pebble(tmp_path / "pebble", dns=names.address, http_port=free_port(), tls_port=free_port())
    with pebble.running(authority):
        file = tmp_path / "traefik.yml"
        file.write_text(
            CONFIG.format(
                http=authority.http_port,
                tls=authority.tls_port,
                authority=authority.port,
                root=authority.authority,
                challenge=challenge,
                host=host,
            )
        )
        with Tulle().running(file):
            eventually(lambda: issued_to(authority.tls_port, host) == [host], within=40.0)


def issued_to(port: int, host: str) -> list[str]:
    """The names of the certificate that is shown for a name."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with (
        socket.create_connection(("127.0.0.1", port), 5) as plain,
        context.wrap_socket(plain, server_hostname=host) as secure,
    ):
        shown = secure.getpeercert(binary_form=True)
    assert shown is not None
    certificate = x509.load_der_x509_certificate(shown)
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return names.get_values_for_type(x509.DNSName)

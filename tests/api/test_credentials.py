"""The control plane's own certificate: who it is for, and that it is renewed while it serves."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path
from unittest.mock import patch

import grpc.aio
import pytest
from cryptography import x509

from tulle.api.credentials import LIFETIME, ServerCertificate
from tulle.identity.authority import Authority
from tulle.kit.clock import ManualClock, SystemClock


class ShiftedClock(SystemClock):
    """The real time, moved."""

    def __init__(self) -> None:
        self.shift = ManualClock().now() - ManualClock().now()

    def now(self):  # type: ignore[no-untyped-def]
        return super().now() + self.shift


async def served(address: str) -> x509.Certificate:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols(["h2"])
    host, _, port = address.rpartition(":")
    _, writer = await asyncio.open_connection(host, int(port), ssl=context)
    der = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.close()
    return x509.load_der_x509_certificate(der)


@pytest.mark.parametrize("port", ["enrolment", "membership"])
async def test_the_certificate_is_renewed_without_a_restart(tmp_path: Path, port: str) -> None:
    clock = ShiftedClock()
    authority = Authority.open(tmp_path / "ca", trust_domain="mesh.test", clock=clock)
    certificate = ServerCertificate(authority, "mesh.test", ("127.0.0.1", "::1", "mesh.example.org"), clock)
    server = grpc.aio.server()
    address = f"127.0.0.1:{server.add_secure_port('127.0.0.1:0', getattr(certificate, port)())}"
    await server.start()
    try:
        first = await served(address)
        assert await served(address) == first
        clock.shift = 0.6 * (ManualClock(elapsed=LIFETIME).now() - ManualClock().now())
        with patch.object(authority, "sign", side_effect=OSError("disk full")):
            assert await served(address) == first
        second = await served(address)
    finally:
        await server.stop(0)
    assert second.serial_number != first.serial_number
    names = second.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.UniformResourceIdentifier) == ["spiffe://mesh.test/ns/tulle-system/sa/plane"]
    assert names.get_values_for_type(x509.DNSName) == ["plane.tulle-system", "mesh.example.org"]
    assert [str(address) for address in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1", "::1"]

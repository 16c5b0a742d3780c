"""The certificate authority of Let's Encrypt's own tests, with real looks at what it is shown."""

from __future__ import annotations

import json
import os
import socket
import ssl
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tulle.model.resolvers import Server

DEADLINE = 10.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass
class Pebble:
    """Start it as often as you like: it forgets everything when it stops."""

    folder: Path
    dns: str = ""
    """Where it asks for names, host and port."""
    lifetime: int = 0
    """Seconds that certificates live; 0: years."""
    keys: dict[str, str] = field(default_factory=dict)
    """External accounts that it takes; empty: it takes everybody."""
    environment: dict[str, str] = field(default_factory=dict)
    http_port: int = field(default_factory=free_port)
    tls_port: int = field(default_factory=free_port)
    port: int = field(default_factory=free_port)
    management: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    def __post_init__(self) -> None:
        self.folder.mkdir(exist_ok=True)
        self.authority = self.folder / "authority.pem"
        if not self.authority.exists():
            certificate, key = self_signed()
            self.authority.write_bytes(certificate)
            (self.folder / "key.pem").write_bytes(key)

    @property
    def server(self) -> Server:
        return Server(directory=f"https://127.0.0.1:{self.port}/dir", authorities=(str(self.authority),))

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text()

    @property
    def orders(self) -> int:
        """How many orders it was given since it was started last."""
        return self.log.count("Added order ")

    def start(self) -> None:
        config = {
            "listenAddress": f"127.0.0.1:{self.port}",
            "managementListenAddress": f"127.0.0.1:{self.management}",
            "certificate": str(self.authority),
            "privateKey": str(self.folder / "key.pem"),
            "httpPort": self.http_port,
            "tlsPort": self.tls_port,
            "ocspResponderURL": "",
            "externalAccountBindingRequired": bool(self.keys),
            "externalAccountMACKeys": self.keys,
            **({"certificateValidityPeriod": self.lifetime} if self.lifetime else {}),
        }
        path = self.folder / "config.json"
        path.write_text(json.dumps({"pebble": config}))
        command = ["pebble", "-config", str(path), *(("-dnsserver", self.dns) if self.dns else ())]
        environment = os.environ | {"PEBBLE_VA_NOSLEEP": "1", "PEBBLE_AUTHZREUSE": "0", **self.environment}
        with (self.folder / "log").open("wb") as output:
            self.process = subprocess.Popen(command, stdout=output, stderr=output, env=environment)
        self._await()

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def root(self) -> str:
        """The root that its certificates end at; another one after every start."""
        trust = ssl.create_default_context(cafile=str(self.authority))
        with urllib.request.urlopen(f"https://127.0.0.1:{self.management}/roots/0", context=trust) as answer:
            text: str = answer.read().decode()
            return text

    def _await(self) -> None:
        end = time.monotonic() + DEADLINE
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                assert time.monotonic() < end, self.log
                time.sleep(0.02)


@contextmanager
def running(pebble: Pebble) -> Iterator[Pebble]:
    with ExitStack() as stack:
        stack.callback(pebble.stop)
        pebble.start()
        yield pebble


def self_signed() -> tuple[bytes, bytes]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "authority of the test")])
    now = datetime.now(UTC)
    names = [x509.IPAddress(ip_address("127.0.0.1")), x509.DNSName("pebble")]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(key, hashes.SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.PEM), key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )

"""A real name server (Knot) with one zone that may be changed by whoever has its key."""

from __future__ import annotations

import secrets
import subprocess
import time
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import dns.exception
import dns.message
import dns.query

from tests.e2e.pebble import free_port

ZONE = """\
$ORIGIN example.test.
$TTL 60
@ SOA ns.example.test. admin.example.test. 1 3600 600 86400 60
@ NS ns.example.test.
ns A 127.0.0.1
@ A 127.0.0.1
* A 127.0.0.1
_acme-challenge.alias CNAME proofs.elsewhere.example.test.
"""
CONFIGURATION = """\
server:
  listen: 127.0.0.1@{port}
  rundir: {folder}
database:
  storage: {folder}
log:
  - target: {folder}/log
    any: info
key:
  - id: tulle
    algorithm: hmac-sha256
    secret: {secret}
acl:
  - id: changes
    key: tulle
    action: update
zone:
  - domain: example.test
    file: {folder}/example.test.zone
    acl: changes
    zonefile-sync: -1
"""


@dataclass
class Knot:
    folder: Path
    port: int = field(default_factory=free_port)
    secret: str = field(default_factory=lambda: b64encode(secrets.token_bytes(32)).decode())

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def environment(self) -> Mapping[str, str]:
        return {
            "RFC2136_NAMESERVER": self.address,
            "RFC2136_TSIG_KEY": "tulle",
            "RFC2136_TSIG_SECRET": self.secret,
            "RFC2136_TSIG_ALGORITHM": "hmac-sha256.",
            "RFC2136_POLLING_INTERVAL": "0.1",
            "RFC2136_PROPAGATION_TIMEOUT": "10",
        }

    def text(self, name: str) -> str:
        """The TXT records of a name."""
        return "\n".join(self.ask(name, "TXT"))

    def ask(self, name: str, kind: str) -> list[str]:
        answer = dns.query.udp(dns.message.make_query(name, kind), "127.0.0.1", timeout=5, port=self.port)
        return [item.to_text() for each in answer.answer for item in each]


@contextmanager
def running(knot: Knot) -> Iterator[Knot]:
    knot.folder.mkdir(exist_ok=True)
    (knot.folder / "example.test.zone").write_text(ZONE)
    config = knot.folder / "knot.conf"
    config.write_text(CONFIGURATION.format(port=knot.port, folder=knot.folder, secret=knot.secret))
    with (knot.folder / "output").open("wb") as output:
        process = subprocess.Popen(["/usr/sbin/knotd", "-c", str(config)], stdout=output, stderr=output)
    try:
        end = time.monotonic() + 10
        while _is_silent(knot):
            assert time.monotonic() < end and process.poll() is None, (knot.folder / "output").read_text()
            time.sleep(0.05)
        yield knot
    finally:
        process.terminate()
        process.wait()


def _is_silent(knot: Knot) -> bool:
    try:
        return knot.ask("ns.example.test", "A") != ["127.0.0.1"]
    except (OSError, dns.exception.Timeout):
        return True

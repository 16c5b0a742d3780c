"""Certificates that live for seconds, renewed under load."""

from __future__ import annotations

import json

import pytest

from tests.e2e.machine import Machine, eventually

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

PAIR = """
mesh: {certificate_lifetime: 10s}
gateway:
  listeners: {http: {port: GATEWAY}}
routes:
  - path: /
    to: web
services:
  web: {port: 8000, command: ECHO}
  back: {port: 8000, command: ECHO}
"""


def test_certificates_are_renewed_without_a_failed_request(machine: Machine) -> None:
    machine.write(PAIR)
    machine.up()
    first = _serial_number(machine)
    load = machine.load("/call?url=http://back/", seconds=25, connections=4)
    eventually(lambda: _serial_number(machine) != first, within=20, what="a renewed certificate")
    second = _serial_number(machine)
    eventually(lambda: _serial_number(machine) not in {first, second}, within=20)
    requests, failed = load.result()
    assert requests > 200
    assert failed == 0


def test_keys_stay_with_their_owner(machine: Machine) -> None:
    machine.write(PAIR)
    machine.up()
    for path in machine.home.rglob("*"):
        if path.is_file() and b"PRIVATE KEY" in path.read_bytes():
            assert path.stat().st_mode & 0o077 == 0, f"{path} can be read by others"
    web = machine.instances("web")[0]["id"]
    shown = machine.tulle("proxy-config", web, "-o", "json").stdout
    assert "PRIVATE KEY" not in shown


def _serial_number(machine: Machine) -> str:
    """Of the certificate that the sidecar of `web` shows on new connections."""
    certificates = json.loads(machine.admin(machine.instances("web")[0]["id"], "/certs"))["certificates"]
    return next(str(chain["serial_number"]) for each in certificates for chain in each.get("cert_chain", ()))

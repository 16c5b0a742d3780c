"""An issuer that goes away, and then everything that knew its keys: nobody is locked out."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.clients.servers import Web, web
from tests.e2e.jwt import key_set, token
from tests.e2e.machine import Machine, eventually
from tulle.flow.keys import CONFIGURATION

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

SERVICES = """
gateway:
  listeners: {http: {port: GATEWAY}}
routes:
  - {path: /named, to: named}
  - {path: /found, to: found}
services:
  named: {port: 8000, command: ECHO}
  found: {port: 8000, command: ECHO}
tokens:
  named: {labels: {app: named}, issuer: named, jwks_uri: "ISSUER/keys"}
access:
  needed: {rules: {from: {tokens: "*"}}}
"""
DISCOVERED = """
apiVersion: security.istio.io/v1
kind: RequestAuthentication
metadata: {name: found}
spec:
  selector: {matchLabels: {app: found}}
  jwtRules: [{issuer: "ISSUER"}]
"""


@pytest.fixture
def issuer() -> Iterator[Web]:
    with web() as server:
        server.answers |= {
            "/keys": key_set().encode(),
            CONFIGURATION: json.dumps({"jwks_uri": server.at("/keys")}).encode(),
        }
        yield server


def status(machine: Machine, path: str, text: str = "") -> int:
    return machine.get(path, headers={"authorization": f"Bearer {text}"} if text else {}).status


def tokens_count(machine: Machine, issuers: dict[str, str]) -> bool:
    """Good ones are taken, those that are signed by somebody else are not, and one is needed."""
    return all(
        (
            status(machine, path, token(iss=issuer)),
            status(machine, path, token("second", iss=issuer)),
            status(machine, path),
        )
        == (200, 401, 403)
        for path, issuer in issuers.items()
    )


def warnings(machine: Machine) -> list[str]:
    found = machine.status()["findings"]
    return [each["message"] for each in found if "cannot be fetched" in each["message"]]


def test_an_issuer_that_goes_away_locks_nobody_out(machine: Machine, issuer: Web) -> None:
    issuers = {"/named": "named", "/found": issuer.at("")}
    machine.write(SERVICES.replace("ISSUER", issuer.at("")))
    machine.write(DISCOVERED.replace("ISSUER", issuer.at("")), "istio.yaml")
    machine.up()
    eventually(lambda: tokens_count(machine, issuers), what="tokens are looked at")
    eventually(lambda: all(keeps_keys(machine, each) for each in ("named", "found")), what="keys are kept by proxies")
    assert not warnings(machine)

    issuer.close()
    kill_proxies(machine, "named", "found")
    eventually(lambda: tokens_count(machine, issuers), what="Envoys that never reached the issuer")

    machine.kill("tulle serve")
    eventually(lambda: len(warnings(machine)) == 2, what="a control plane that never reached the issuer says so")
    assert all(each.endswith("UTC still count") for each in warnings(machine))
    kill_proxies(machine, "named", "found")
    eventually(lambda: tokens_count(machine, issuers), what="after the restart of everything")


def kill_proxies(machine: Machine, *services: str) -> None:
    """`kill -9` of the Envoys of these services, and wait until they are gone."""
    victims = [each for name in services for each in machine.processes(machine.instances(name)[0]["id"])]
    assert len(victims) == len(services), victims
    for each in victims:
        each.kill()
    eventually(lambda: not any(each.is_running() for each in victims))


def keeps_keys(machine: Machine, service: str) -> bool:
    """Whether the proxy of a service was given the keys themselves."""
    proxy = machine.instances(service)[0]["id"]
    return '\\"kid\\":\\"first\\"' in machine.tulle("proxy-config", proxy, "filters", "-o", "json").stdout

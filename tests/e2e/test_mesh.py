"""Services that call each other through their sidecars, seen from outside."""

from __future__ import annotations

import socket
import ssl
from http.server import HTTPServer, SimpleHTTPRequestHandler
from threading import Thread

import pytest

from tests.e2e.machine import Machine, eventually, request
from tests.envoy.kitchen import free_port

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

SHOP = """
gateway:
  listeners: {http: {port: GATEWAY}}
routes:
  - path: /
    to: web
services:
  web: {port: 8000, command: ECHO, account: frontend}
  catalogue:
    port: 8000
    command: ECHO
    replicas: 2
    allow: [web]
  secrets: {port: 8000, command: ECHO, allow: [catalogue]}
  reviews:
    port: 8000
    versions:
      v1: {command: ECHO}
      v2: {command: ECHO}
    routes:
      - match: {headers: {x-user: jason}}
        versions: v2
      - versions: {v1: 100, v2: 0}
---
apiVersion: networking.istio.io/v1
kind: ProxyConfig
metadata: {name: web}
spec: {selector: {matchLabels: {app: web}}, concurrency: 2, environmentVariables: {HELLO: there}}
"""


def test_one_file_makes_a_mesh(machine: Machine) -> None:
    machine.write(SHOP)
    machine.up()

    status = machine.status()
    assert status["ready"] is True
    assert all(proxy["synced"] for proxy in status["proxies"])
    assert {each["name"] for each in status["services"]} == {"web", "catalogue", "secrets", "reviews"}
    assert machine.get().json["service"] == "web"

    called = machine.get("/call?url=http://catalogue/books").json
    assert called["status"] == 200
    assert "URI=spiffe://cluster.local/ns/default/sa/frontend" in called["text"]

    _a_service_is_reached_by_all_its_names(machine)
    _who_is_not_allowed_is_refused(machine)
    _names_that_do_not_exist_are_answered_with_a_reason(machine)
    _versions_are_chosen_by_header(machine)
    _plaintext_to_a_sidecar_is_refused(machine)
    _hosts_outside_the_mesh_pass(machine)
    _settings_of_proxies_reach_them(machine)
    _a_removed_service_disappears(machine)


def _a_service_is_reached_by_all_its_names(machine: Machine) -> None:
    for name in ("catalogue:8000", "catalogue.default", "catalogue.default.svc.cluster.local:8000"):
        assert machine.get(f"/call?url=http://{name}/").json["status"] == 200, name


def _who_is_not_allowed_is_refused(machine: Machine) -> None:
    refused = machine.get("/call?url=http://secrets/").json
    assert refused["status"] == 403
    assert "secrets" in refused["headers"]["x-tulle-reason"]


def _names_that_do_not_exist_are_answered_with_a_reason(machine: Machine) -> None:
    missing = machine.get("/call?url=http://catalog/").json
    assert missing["status"] == 404
    assert "catalog" in missing["headers"]["x-tulle-reason"]
    wrong_port = machine.get("/call?url=http://catalogue:9999/").json
    assert wrong_port["status"] == 404
    assert "9999" in wrong_port["headers"]["x-tulle-reason"]


def _versions_are_chosen_by_header(machine: Machine) -> None:
    answers = {machine.get("/call?url=http://reviews/").json["text"].count('"version": "v1"') for _ in range(10)}
    assert answers == {1}


def _settings_of_proxies_reach_them(machine: Machine) -> None:
    (sidecar,) = machine.processes("proxies/web-")
    assert "--concurrency 2" in " ".join(sidecar.cmdline())
    assert sidecar.environ()["HELLO"] == "there"


def _plaintext_to_a_sidecar_is_refused(machine: Machine) -> None:
    sidecar = machine.instances("catalogue")[0]["bindings"][0]
    with pytest.raises((OSError, AssertionError)):
        assert request(f"{sidecar['address']}:{sidecar['port']}", "/").status < 500
    # TLS without a certificate of the mesh is no better.
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with (
        pytest.raises((ssl.SSLError, ConnectionError)),
        socket.create_connection((sidecar["address"], sidecar["port"]), timeout=5) as plain,
        context.wrap_socket(plain) as encrypted,
    ):
        encrypted.sendall(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
        encrypted.recv(1)
        raise AssertionError("the sidecar answered a stranger")


def _hosts_outside_the_mesh_pass(machine: Machine) -> None:
    # Another address of the loopback interface: HTTP clients do not use their proxy for 127.0.0.1.
    with HTTPServer(("127.0.0.2", 0), SimpleHTTPRequestHandler) as server:
        Thread(target=server.handle_request, daemon=True).start()
        outside = machine.get(f"/call?url=http://127.0.0.2:{server.server_port}/").json
    assert outside["status"] == 200
    nobody = machine.get(f"/call?url=http://127.0.0.2:{free_port()}/").json
    assert nobody["status"] in {502, 503}
    assert "refused" in nobody["headers"]["x-tulle-reason"]


def _a_removed_service_disappears(machine: Machine) -> None:
    before, after = SHOP.split("  catalogue:\n"), SHOP.split("  secrets:")
    machine.write(before[0] + "  secrets:" + after[1].replace("[catalogue]", "[web]"))
    eventually(lambda: machine.get("/call?url=http://catalogue/").json["status"] == 404)
    eventually(lambda: machine.get("/call?url=http://secrets/").json["status"] == 200)
    eventually(lambda: not machine.instances("catalogue"))

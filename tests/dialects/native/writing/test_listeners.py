from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from tulle.dialects.native.writing.content import Entrance
from tulle.dialects.native.writing.listeners import listener
from tulle.kit.located_yaml import parse
from tulle.model.documents import BUILT_IN
from tulle.model.listeners import ClientCertificates, ClientTrust, Listener, ListenerProtocol
from tulle.model.mesh import Fragment
from tulle.model.names import SYSTEM_NAMESPACE, Name

Read = Callable[[str], Fragment]


@pytest.mark.parametrize(
    "text",
    [
        "8080",
        "{port: 80, address: 0.0.0.0, hosts: [a.example.org, '*.b.org'], redirect_to_https: 443}",
        "{port: 443, hosts: a.example.org, tls: {certificate: a.pem, key: ../keys/a.key, min_version: '1.3'}}",
        "{port: 443, tls: {secret: a, certificates: [{secret: b.web, hosts: b.example.org}], client_ca: ca.pem, "
        "max_version: '1.3', ciphers: [AES128-SHA, AES256-SHA]}}",
        "{port: 443, tls: {secret: a, client_ca_secret: ca, client_ca_maps: [m, n], client_crl: crl.pem, "
        "client_certificates: optional, client_names: n, "
        f"client_keys: {'A' * 43}=, client_hashes: {'b' * 64}}}}}",
        "{port: 443, tls: {certificates: [{certificate: a, key: b, hosts: c.org}, {secret: d, hosts: [e, f]}]}}",
        "{port: 443, tls: {mesh: true}}",
        "{port: 443, protocol: tls, tls: {passthrough: true}, to: web}",
        "{port: 443, protocol: tcp, tls: {secret: a}, weights: {a: 1, b: 2}}",
        "{port: 443, protocol: tls, tls: {by_cluster: true}}",
        "{port: 8080, public_port: 80}",
        "{port: 53, protocol: udp, to: dns.shop}",
        "{port: 1, protocol: tcp, streams: []}",
        "{port: 1, protocol: tcp, streams: {match: {networks: 10.0.0.0/8}, to: a}}",
        "{port: 1, protocol: tcp, streams: [{match: {ports: 1}, to: a}, {to: b}]}",
    ],
)
def test_listeners_are_written_as_they_are_read(read: Read, text: str) -> None:
    fragment = read(f"gateway: {{listeners: {{a: {text}}}}}")
    assert not fragment.findings
    streams = tuple(rule for routes in fragment.routes for rule in routes.streams)
    entrance = Entrance(listener=fragment.listeners[0], streams=streams)
    assert listener(entrance, "/folder", "default") == parse(text)


def test_whose_certificates_are_good_may_be_said_apart() -> None:
    given = Listener(name=Name(SYSTEM_NAMESPACE, "a"), origin=BUILT_IN, port=443, protocol=ListenerProtocol.HTTPS)
    trusted = replace(given, client_trust=ClientTrust(handling=ClientCertificates.NONE, secrets=(Name("web", "ca"),)))
    assert listener(Entrance(listener=trusted), "", "web") == {
        "port": 443,
        "tls": {"client_ca_secret": "ca", "client_certificates": "none"},
    }

from __future__ import annotations

from typing import Any

import pytest

from tulle.dialects.native.writing import listeners
from tulle.dialects.native.writing.content import Entrance
from tulle.kit.located_yaml import parse
from tulle.model.mesh import Fragment


@pytest.mark.parametrize(
    "text",
    [
        "18080",
        "{port: 18080, address: 0.0.0.0, hosts: [a.example.org, '*.example.net']}",
        "{port: 18080, redirect_to_https: 18443}",
        "{port: 18443, tls: {certificate: c.pem, key: k.pem, client_ca: ca.pem}}",
        "{port: 18443, tls: {secret: a, certificates: [{secret: b.shop, hosts: b.example.org}], min_version: '1.3'}}",
        "{port: 18443, tls: {secret: a, max_version: '1.2', ciphers: [x, y]}}",
        "{port: 18443, tls: {certificates: [{certificate: c.pem, key: k.pem, hosts: [a, b]}]}}",
        "{port: 18443, tls: {secret: a, client_ca: ca.pem, client_certificates: optional, client_names: n}}",
        "{port: 18443, tls: {secret: a, client_ca_secret: b, client_crl: r.pem, client_keys: k, client_hashes: h}}",
        "{port: 18443, tls: {secret: a, client_ca_maps: [m, n], client_certificates: unverified}}",
        "{port: 18443, tls: {mesh: true}}",
        "{port: 5432, protocol: tcp, to: db}",
        "{port: 5432, protocol: tcp, tls: {secret: a}, weights: {db: 1, other.shop: 2}}",
        "{port: 18443, protocol: tls, tls: {passthrough: true}, streams: {match: {server_names: a}, to: db}}",
        "{port: 5432, protocol: tcp, streams: []}",
        "{port: 53, protocol: udp, to: dns}",
    ],
)
def test_listeners_are_written_as_they_are_read(read: Any, text: str) -> None:
    fragment: Fragment = read(f"gateway: {{listeners: {{edge: {text}}}}}")
    assert [str(each) for each in fragment.findings] == []
    entrance = Entrance(
        listener=fragment.listeners[0], streams=tuple(rule for each in fragment.routes for rule in each.streams)
    )
    assert listeners.listener(entrance, "/folder", "default") == parse(text)

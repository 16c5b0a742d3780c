from __future__ import annotations

from typing import Any

import pytest

from tests.dialects.traefik.reading import only, wrong
from tulle.model.services import Endpoint, Protocol, Resolution


def pool(servers: str) -> Any:
    return only(f"http: {{services: {{s: {{loadBalancer: {{servers: [{servers}]}}}}}}}}")


def test_addresses_and_weights() -> None:
    found = pool("{url: 'http://10.0.0.1:81', weight: 3}, {url: 'http://[::1]'}, {url: 'http://10.0.0.2', weight: 0}")
    assert found.service.addresses == (
        Endpoint(address="10.0.0.1", port=81, weight=3, hostname="10.0.0.1:81", url="http://10.0.0.1:81"),
        Endpoint(address="::1", port=80, hostname="[::1]", url="http://[::1]"),
    )
    assert found.service.resolution is Resolution.ENDPOINTS
    assert not found.is_encrypted


def test_weights_that_are_too_large_together() -> None:
    found = pool("{url: 'http://10.0.0.1', weight: 3000000000000}, {url: 'http://10.0.0.2', weight: 1}")
    assert [each.weight for each in found.service.addresses] == [(1 << 31) - 1, 1]


@pytest.mark.parametrize(
    ("url", "port", "protocol", "is_encrypted"),
    [
        ("https://a.test", 443, Protocol.HTTP, True),
        ("h2c://a.test", 80, Protocol.HTTP2, False),
        ("http://a.test", 80, Protocol.HTTP, False),
    ],
)
def test_schemes(url: str, port: int, protocol: Protocol, is_encrypted: bool) -> None:
    found = pool(f"{{url: '{url}'}}")
    assert found.service.addresses[0].port == port
    assert found.service.ports[0].protocol is protocol
    assert found.is_encrypted is is_encrypted
    assert found.service.resolution is Resolution.DNS


def test_sockets() -> None:
    found = pool("{url: 'unix:///run/a.sock'}")
    assert (found.service.addresses[0].address, found.service.addresses[0].port) == ("/run/a.sock", 0)
    assert found.service.resolution is Resolution.ENDPOINTS


def test_ports_of_labels() -> None:
    found = pool("{port: '8080', scheme: https}")
    assert found.service.addresses[0].address == "127.0.0.1"
    assert found.is_encrypted


def test_paths() -> None:
    assert pool("{url: 'http://a.test/x/', preservePath: true}").prefix == "/x"
    assert pool("{url: 'http://a.test/x'}").prefix == ""


def test_mistakes() -> None:
    found = wrong("""
http:
  services:
    a: {loadBalancer: {servers: [{url: 'http://a.test'}, {url: 'https://a.test'}]}}
    b: {loadBalancer: {servers: [{url: 'http://a/x', preservePath: true}, {url: 'http://a/y', preservePath: true}]}}
    c: {loadBalancer: {servers: [{url: 'http://a:x'}]}}
    d: {loadBalancer: {servers: [{}]}}
""")
    assert found[0] == (
        '4: service a: "loadBalancer.servers" must all speak the same, not http and https; make several services of it'
    )
    assert found[1].startswith('5: service b: "loadBalancer.servers" must have one path in common')
    assert found[2].startswith('6: service c: "loadBalancer.servers[0].url" must be a URL such as')
    assert found[3].startswith('7: service d: "loadBalancer.servers[0].url" must be a URL such as')

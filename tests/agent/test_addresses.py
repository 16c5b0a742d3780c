from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
from envoy.config.listener.v3.listener_pb2 import Listener

from tulle.agent import addresses
from tulle.envoy import protos
from tulle.xds.snapshot import CLUSTER, Resource, encode, framed


@pytest.fixture(autouse=True)
def _forgotten() -> Iterator[None]:
    addresses.has_ipv6.cache_clear()
    yield
    addresses.has_ipv6.cache_clear()


def listener(address: str, *, is_udp: bool = False) -> Resource:
    return encode("l", Listener(name="l", address=protos.socket_address(address, 80, is_udp=is_udp)))


def heard(resource: Resource) -> tuple[str, int, bool]:
    found = Listener.FromString(addresses.on_this_host(resource).body).address.socket_address
    return found.address, found.port_value, found.ipv4_compat


def without_ipv6(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_: object) -> socket.socket:
        raise OSError("Address family not supported by protocol")

    monkeypatch.setattr(socket, "socket", missing)


def test_every_address_is_every_one_of_the_host(monkeypatch: pytest.MonkeyPatch) -> None:
    everywhere = listener("::")
    if socket.has_ipv6:
        assert heard(everywhere) == ("::", 80, True)
    without_ipv6(monkeypatch)
    addresses.has_ipv6.cache_clear()
    assert heard(everywhere) == heard(listener("::", is_udp=True)) == ("0.0.0.0", 80, False)
    assert addresses.on_this_host(everywhere).version == everywhere.version


def test_what_is_said_exactly_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    without_ipv6(monkeypatch)
    for resource in (listener("127.0.0.1"), listener("::1"), framed(CLUSTER, "c", b"::")):
        assert addresses.on_this_host(resource) is resource

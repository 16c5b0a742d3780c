"""Addresses that listeners have on this host: where there is no IPv6, every address is every one of IPv4."""

from __future__ import annotations

import socket
from dataclasses import replace
from functools import lru_cache

from envoy.config.core.v3.address_pb2 import SocketAddress
from envoy.config.listener.v3.listener_pb2 import Listener

from tulle.envoy.protos import EVERYWHERE
from tulle.xds.snapshot import LISTENER, Resource, framed

EVERYWHERE_WITHOUT = "0.0.0.0"


def on_this_host(resource: Resource) -> Resource:
    """The resource with addresses that can be listened on. The plane knows its version, which stays."""
    if resource.type_url != LISTENER or EVERYWHERE.encode() not in resource.body or has_ipv6():
        return resource
    message = Listener.FromString(resource.body)
    address = message.address.socket_address
    if address.address != EVERYWHERE:
        return resource
    changed = SocketAddress(address=EVERYWHERE_WITHOUT, port_value=address.port_value, protocol=address.protocol)
    address.CopyFrom(changed)
    made = framed(LISTENER, resource.name, message.SerializeToString(deterministic=True))
    return replace(made, version=resource.version, origins=resource.origins)


@lru_cache(maxsize=1)
def has_ipv6() -> bool:
    """Whether sockets of IPv6 can be opened here."""
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as tried:
            tried.bind((EVERYWHERE, 0))
    except OSError:
        return False
    return True

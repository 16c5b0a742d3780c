"""What requests are hashed by, where the choice among endpoints depends on it."""

from __future__ import annotations

from typing import TypeAlias

from envoy.config.route.v3 import route_components_pb2

from tulle.envoy import protos
from tulle.model.policies import HashOn

HashPolicy: TypeAlias = route_components_pb2.RouteAction.HashPolicy
Cookie: TypeAlias = route_components_pb2.RouteAction.HashPolicy.Cookie


def policy(hashing: HashOn) -> HashPolicy:
    """In Envoy's form."""
    message = HashPolicy()
    if hashing.header:
        message.header.header_name = hashing.header
    elif hashing.cookie:
        _cookie(hashing, message.cookie)
    elif hashing.query:
        message.query_parameter.name = hashing.query
    else:
        message.connection_properties.source_ip = True
    return message


def _cookie(hashing: HashOn, message: Cookie) -> None:
    message.name = hashing.cookie
    if hashing.cookie_ttl is None:
        return
    message.ttl.CopyFrom(protos.seconds(hashing.cookie_ttl))
    message.path = hashing.cookie_path
    for name, value in hashing.cookie_attributes:
        message.attributes.add(name=name, value=value)

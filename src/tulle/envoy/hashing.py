"""What requests are hashed by, where the choice among endpoints depends on it."""

from __future__ import annotations

from typing import TypeAlias

from envoy.config.route.v3 import route_components_pb2

from tulle.envoy import protos
from tulle.model.policies import HashOn, Policy
from tulle.model.services import Port, Service

HashPolicy: TypeAlias = route_components_pb2.RouteAction.HashPolicy
Cookie: TypeAlias = route_components_pb2.RouteAction.HashPolicy.Cookie


def of_service(service: Service, port: Port | None, subset: str | None) -> HashOn | None:
    """What the policy of one port of a service (or of a subset of it) says."""
    return _policy(service, port, subset).load_balancing.hash_on


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


def _policy(service: Service, port: Port | None, subset: str | None) -> Policy:
    part = service.subset(subset) if subset else None
    if part is None:
        return service.policy
    of_port = dict(part.port_policies).get(port.number) if port else None
    return of_port or part.policy or service.policy


def _cookie(hashing: HashOn, message: Cookie) -> None:
    message.name = hashing.cookie
    if hashing.cookie_ttl is None:
        return
    message.ttl.CopyFrom(protos.seconds(hashing.cookie_ttl))
    message.path = hashing.cookie_path
    for name, value in hashing.cookie_attributes:
        message.attributes.add(name=name, value=value)

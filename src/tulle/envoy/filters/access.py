"""Who may call: the allow rules of a service, decided by the proxy of the service itself (Envoy's RBAC)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

from envoy.config.rbac.v3 import rbac_pb2
from envoy.config.route.v3 import route_components_pb2
from envoy.extensions.filters.http.rbac.v3 import rbac_pb2 as http_pb2
from envoy.type.matcher.v3 import path_pb2, string_pb2

from tulle.envoy import protos
from tulle.envoy.filters.base import Chain, Filter, HttpFilter, Phase, active
from tulle.model.security import Identity, Rule
from tulle.model.services import Port, Service

NAME = "rbac"
Permission: TypeAlias = rbac_pb2.Permission
Principal: TypeAlias = rbac_pb2.Principal


def place(chain: Chain) -> HttpFilter | None:
    """On ports of services that restrict their callers."""
    if chain.service is None or chain.port is None or chain.service.allow is None:
        return None
    return active(NAME, http_pb2.RBAC(rules=rules(chain.service, chain.port, chain.settings.trust_domain)))


def rules(service: Service, port: Port, trust_domain: str, *, is_http: bool = True) -> rbac_pb2.RBAC:
    """The rules for one port; without any that fits, nobody is allowed.

    Where requests cannot be seen (`is_http` is False), a rule about methods or paths allows nothing.
    """
    policies = {
        f"{index}": rbac_pb2.Policy(permissions=[_permission(rule)], principals=_principals(rule, trust_domain))
        for index, rule in enumerate(service.allow or ())
        if (not rule.ports or port.number in rule.ports) and (is_http or not rule.needs_http)
    }
    return rbac_pb2.RBAC(action=rbac_pb2.RBAC.ALLOW, policies=policies)


def _permission(rule: Rule) -> Permission:
    parts = []
    if rule.methods:
        parts.append(_any_of(_method(each) for each in rule.methods))
    if rule.paths:
        parts.append(_any_of(_path(each) for each in rule.paths))
    if not parts:
        return Permission(any=True)
    return Permission(and_rules=Permission.Set(rules=parts))


def _any_of(permissions: Iterable[Permission]) -> Permission:
    return Permission(or_rules=Permission.Set(rules=list(permissions)))


def _method(method: str) -> Permission:
    return Permission(
        header=route_components_pb2.HeaderMatcher(name=":method", string_match=protos.exactly(method.upper()))
    )


def _path(path: str) -> Permission:
    matcher = protos.starting_with(path[:-1]) if path.endswith("*") else protos.exactly(path)
    return Permission(url_path=path_pb2.PathMatcher(path=matcher))


def _principals(rule: Rule, trust_domain: str) -> list[Principal]:
    if not rule.callers and not rule.namespaces:
        return [Principal(any=True)]
    exact = (protos.exactly(str(Identity(trust_domain, each.namespace, each.name))) for each in rule.callers)
    whole = (protos.starting_with(f"spiffe://{trust_domain}/ns/{each}/") for each in rule.namespaces)
    return [_identity(matcher) for matcher in (*exact, *whole)]


def _identity(matcher: string_pb2.StringMatcher) -> Principal:
    return Principal(authenticated=Principal.Authenticated(principal_name=matcher))


FILTER = Filter(name=NAME, phase=Phase.AUTHORIZE, place=place)

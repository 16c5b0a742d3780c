"""Rules about who may call, as Envoy's RBAC has them: those of services, and those of access policies."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Generic, TypeAlias, TypeVar

from envoy.config.rbac.v3 import rbac_pb2
from envoy.config.route.v3 import route_components_pb2
from envoy.type.matcher.v3 import path_pb2, string_pb2

from tulle.envoy import attributes, protos
from tulle.envoy.attributes import View
from tulle.model.guards import Guard
from tulle.model.mesh import Settings
from tulle.model.security import (
    AccessAction,
    AccessCondition,
    AccessOperation,
    AccessPolicy,
    AccessRule,
    AccessSource,
    Identity,
    Rule,
    Values,
)
from tulle.model.services import Port

RBAC: TypeAlias = rbac_pb2.RBAC
Policy: TypeAlias = rbac_pb2.Policy
Permission: TypeAlias = rbac_pb2.Permission
Principal: TypeAlias = rbac_pb2.Principal
Node = TypeVar("Node", Permission, Principal)
ACTIONS = {AccessAction.AUDIT: RBAC.LOG, AccessAction.DENY: RBAC.DENY, AccessAction.ALLOW: RBAC.ALLOW}
ORDER = tuple(ACTIONS)
"""In which the actions are looked at."""


AMBIGUOUS = r"[^?]*(/\.{1,2}(/|\?|$)|\\|%2[eEfF]|%5[cC]).*"
"""Paths with steps up or down, and with characters that may be taken for such."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What policies of one action come to: rules that count, and rules that are only watched (dry run)."""

    action: AccessAction
    rules: RBAC | None
    shadow: RBAC | None


@dataclass(frozen=True, slots=True)
class _Logic(Generic[Node]):
    """How conditions of one kind are put together."""

    anything: Node
    every: Callable[[list[Node]], Node]
    some: Callable[[list[Node]], Node]
    none: Callable[[Node], Node]


_ASKED = _Logic(
    Permission(any=True),
    lambda parts: Permission(and_rules=Permission.Set(rules=parts)),
    lambda parts: Permission(or_rules=Permission.Set(rules=parts)),
    lambda part: Permission(not_rule=part),
)
_ASKING = _Logic(
    Principal(any=True),
    lambda parts: Principal(and_ids=Principal.Set(ids=parts)),
    lambda parts: Principal(or_ids=Principal.Set(ids=parts)),
    lambda part: Principal(not_id=part),
)


def view(settings: Settings, port: Port, *, is_http: bool) -> View:
    """What policies see on a port."""
    numbers = {port.number, port.target} if isinstance(port.target, int) else {port.number}
    domains = (settings.trust_domain, *settings.trust_domain_aliases)
    return View(ports=frozenset(numbers), trust_domains=domains, is_http=is_http)


def decisions(policies: Iterable[AccessPolicy], seen: View) -> Iterator[Decision]:
    """What the policies decide, in the order in which it counts.

    Where some policy allows, everything that none allows is denied.
    """
    given = tuple(policies)
    for action in ORDER:
        ours = [each for each in given if each.action is action]
        real = [each for each in ours if not each.is_dry_run]
        watched = [each for each in ours if each.is_dry_run]
        if ours:
            yield Decision(action, _rbac(action, real, seen), _rbac(action, watched, seen))


def matching(policies: Iterable[AccessPolicy], seen: View, prefix: str = "") -> RBAC:
    """What these policies match, whatever they do about it; as with those that deny, rather more than less."""
    found = RBAC(action=RBAC.DENY)
    for policy in policies:
        _add(found, policy, seen, prefix)
    return found


def named(policy: AccessPolicy) -> str:
    """What the names of the rules of a policy begin with."""
    return f"{policy.name}/"


def _rbac(action: AccessAction, policies: list[AccessPolicy], seen: View) -> RBAC | None:
    if not policies:
        return None
    found = RBAC(action=ACTIONS[action])
    for policy in policies:
        _add(found, policy, seen)
    return found


def _add(rbac: RBAC, policy: AccessPolicy, seen: View, prefix: str = "") -> None:
    inside = replace(seen, namespace=policy.name.namespace)
    for index, rule in enumerate(policy.rules):
        compiled = _compile(rule, inside, is_lenient=policy.action is not AccessAction.ALLOW)
        if compiled is not None:
            rbac.policies[f"{prefix}{named(policy)}{index + 1}"].CopyFrom(compiled)


def _compile(rule: AccessRule, seen: View, *, is_lenient: bool) -> Policy | None:
    """One rule.

    What cannot be told on this port (requests, where only bytes are seen) makes a rule that allows void, and is left
    out of any other rule: in doubt less is allowed, more is denied.
    """
    asked = partial(attributes.permission, seen)
    asking = partial(attributes.principal, seen)
    about_what = [each for each in rule.conditions if attributes.is_about_the_request(each.key)]
    about_whom = [each for each in rule.conditions if not attributes.is_about_the_request(each.key)]
    permissions = [
        _all(_ASKED, asked, [*_operation(each), *_keyed(about_what)], is_lenient=is_lenient)
        for each in rule.operations or (AccessOperation(),)
    ]
    principals = [
        _all(_ASKING, asking, [*_source(each), *_keyed(about_whom)], is_lenient=is_lenient)
        for each in rule.sources or (AccessSource(),)
    ]
    if any(each is None for each in (*permissions, *principals)):
        return None
    return Policy(permissions=[each for each in permissions if each], principals=[each for each in principals if each])


def _all(
    logic: _Logic[Node],
    match: Callable[[str, str], Node | None],
    terms: Iterable[tuple[str, Values]],
    *,
    is_lenient: bool,
) -> Node | None:
    """All of these conditions; None if one of them cannot be told, and that matters."""
    parts: list[Node] = []
    for key, values in terms:
        for patterns, is_excluded in ((values.values, False), (values.excluded, True)):
            nodes = [match(key, each) for each in patterns]
            known = [each for each in nodes if each is not None]
            if len(known) < len(nodes) and not is_lenient:
                return None
            if known:
                either = known[0] if len(known) == 1 else logic.some(known)
                parts.append(logic.none(either) if is_excluded else either)
    if len(parts) > 1:
        return logic.every(parts)
    return parts[0] if parts else logic.anything


def _source(source: AccessSource) -> list[tuple[str, Values]]:
    return [
        ("source.principal", source.principals),
        ("request.auth.principal", source.request_principals),
        ("source.namespace", source.namespaces),
        ("source.serviceAccount", source.service_accounts),
        ("source.trustDomain", source.trust_domains),
        ("source.ip", source.ip_blocks),
        ("remote.ip", source.remote_ip_blocks),
    ]


def _operation(operation: AccessOperation) -> list[tuple[str, Values]]:
    return [
        ("hosts", operation.hosts),
        ("methods", operation.methods),
        ("paths", operation.paths),
        ("ports", operation.ports),
    ]


def _keyed(conditions: list[AccessCondition]) -> list[tuple[str, Values]]:
    return [(each.key, each.values) for each in conditions]


def asks_for_paths(guard: Guard) -> bool:
    """Whether a rule is about paths, so that it matters what an application makes of them."""
    operations = (each for policy in guard.access for rule in policy.rules for each in rule.operations)
    return any(rule.paths for rule in guard.allow or ()) or any(each.paths for each in operations)


def ambiguous_paths() -> RBAC:
    """Denies paths that are not what they look like; where Envoy normalizes paths, there are none."""
    header = route_components_pb2.HeaderMatcher(name=":path")
    header.string_match.safe_regex.CopyFrom(protos.regex(AMBIGUOUS))
    policy = Policy(permissions=[Permission(header=header)], principals=[Principal(any=True)])
    return RBAC(action=RBAC.DENY, policies={"ambiguous path": policy})


def service_rules(guard: Guard, port: Port, trust_domain: str, *, is_http: bool = True) -> RBAC:
    """What the service itself allows on one port; without any rule that fits, nobody is allowed.

    Where requests cannot be seen (`is_http` is False), a rule about methods or paths allows nothing.
    """
    policies = {
        f"{index}": Policy(permissions=[_permission(rule)], principals=_principals(rule, trust_domain))
        for index, rule in enumerate(guard.allow or ())
        if (not rule.ports or port.number in rule.ports) and (is_http or not rule.needs_http)
    }
    return RBAC(action=RBAC.ALLOW, policies=policies)


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

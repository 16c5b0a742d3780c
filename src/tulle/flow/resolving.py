"""Route sets with what only others know: services by host, ports by name, rules of delegates. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from tulle.envoy.references import backends
from tulle.envoy.scope import host_key, is_exported, owner
from tulle.kit.memo import remember
from tulle.kit.quick import quick
from tulle.model.documents import Origin
from tulle.model.findings import Finding
from tulle.model.names import Name
from tulle.model.routes import Backend, Delegate, Forward, Match, PathKind, PathMatch, Respond, RouteRule, RouteSet
from tulle.model.services import Service

DELEGATE = "delegate "
"""Namespace of the names that stand for delegates among everything that a route may depend on."""
UNKNOWN = 404


@quick
@dataclass(frozen=True, slots=True)
class Resolved:
    """A route set in which every name is that of a service, and no rule is another document's."""

    route: RouteSet
    findings: tuple[Finding, ...]
    names: frozenset[Name]
    """What it depends on."""


def delegate_key(name: Name) -> Name:
    """What stands for a delegate among the names that something may depend on."""
    return Name(DELEGATE + name.namespace, name.name)


def resolve(
    route: RouteSet,
    services: Mapping[Name, Service],
    hosts: Mapping[str, tuple[Name, ...]],
    delegates: Mapping[Name, RouteSet],
) -> Resolved:
    """Resolve one route set; the very same one if there is nothing to resolve."""
    if not _needs_others(route):
        return Resolved(route, (), frozenset())
    findings: list[Finding] = []
    names: set[Name] = set()
    wanted = dict.fromkeys(_delegated(route))
    known = tuple((name, delegates.get(name)) for name in wanted)
    for name, delegate in known:
        names.add(delegate_key(name))
        problem = _refusal(route, name, delegate)
        if problem:
            findings.append(Finding.error(wanted_at(route, name), f"{route.origin.subject}: {problem}"))
    expanded = _expanded(route, known) if known else route
    answers: list[tuple[Backend, Backend]] = []
    for backend in dict.fromkeys(backends(expanded)):
        found = _found(backend, services, hosts, names, route.name.namespace)
        if found is not backend:
            answers.append((backend, found))
    return Resolved(
        _with_backends(expanded, tuple(answers)) if answers else expanded, tuple(findings), frozenset(names)
    )


def _refusal(route: RouteSet, name: Name, delegate: RouteSet | None) -> str:
    """Why a set cannot be delegated to; empty if it can."""
    if delegate is None:
        return f'there is no VirtualService "{name.name}" in namespace "{name.namespace}" that could be delegated to'
    if not is_exported(delegate.exports, name.namespace, route.name.namespace):
        home = route.name.namespace
        return f'{delegate.origin.subject} ({delegate.origin}) is not exported to namespace "{home}", so it is not used'
    return ""


def wanted_at(route: RouteSet, name: Name) -> Origin:
    """Where a delegate is named."""
    return next(
        rule.action.origin for rule in route.rules if isinstance(rule.action, Delegate) and rule.action.to == name
    )


def _needs_others(route: RouteSet) -> bool:
    return any(isinstance(rule.action, Delegate) for rule in route.rules) or any(
        backend.host or backend.port_name for backend in backends(route)
    )


def _delegated(route: RouteSet) -> Iterator[Name]:
    return (rule.action.to for rule in route.rules if isinstance(rule.action, Delegate))


def with_host(services: Mapping[Name, Service], names: tuple[Name, ...], namespace: str) -> Service | None:
    """Of services with the same host, the one that a document means; any, rather than none that it may see."""
    return owner(services, names, namespace) or next((services[each] for each in names if each in services), None)


def _found(
    backend: Backend,
    services: Mapping[Name, Service],
    hosts: Mapping[str, tuple[Name, ...]],
    names: set[Name],
    namespace: str,
) -> Backend:
    """The backend by the name of its service and the number of its port, as far as somebody knows them."""
    if backend.host:
        names.add(host_key(backend.host))
        meant = with_host(services, hosts.get(backend.host, ()), namespace)
        backend = replace(backend, service=meant.name, host="") if meant is not None else backend
    if backend.port_name:
        names.add(backend.service)
        service = services.get(backend.service)
        port = next((each for each in service.ports if each.name == backend.port_name), None) if service else None
        backend = replace(backend, port=port.number, port_name="") if port is not None else backend
    return backend


@remember(size=2)
def _with_backends(route: RouteSet, answers: tuple[tuple[Backend, Backend], ...]) -> RouteSet:
    known = dict(answers)
    return replace(
        route,
        rules=tuple(_rule_with(rule, known) for rule in route.rules),
        streams=tuple(
            replace(each, backends=tuple(known.get(backend, backend) for backend in each.backends))
            for each in route.streams
        ),
    )


def _rule_with(rule: RouteRule, known: Mapping[Backend, Backend]) -> RouteRule:
    action = rule.action
    if isinstance(action, Forward):
        mirrors = tuple(replace(each, backend=known.get(each.backend, each.backend)) for each in action.mirrors)
        action = replace(action, backends=tuple(known.get(each, each) for each in action.backends), mirrors=mirrors)
    check = rule.check
    if check is not None:
        check = replace(check, backend=known.get(check.backend, check.backend))
    return replace(rule, action=action, check=check)


@remember(size=2)
def _expanded(route: RouteSet, known: tuple[tuple[Name, RouteSet | None], ...]) -> RouteSet:
    """The rules of delegates in place of those that delegate (Istio: one level)."""
    delegates = dict(known)
    rules: list[RouteRule] = []
    for rule in route.rules:
        if not isinstance(rule.action, Delegate):
            rules.append(rule)
            continue
        name = rule.action.to
        delegate = delegates[name]
        if delegate is None or not is_exported(delegate.exports, name.namespace, route.name.namespace):
            reason = f'there is no delegate "{name}"'
            rules.append(
                replace(rule, action=Respond(status=UNKNOWN, body=f"{reason}\n", headers=(("x-tulle-reason", reason),)))
            )
            continue
        rules.extend(inner for each in delegate.rules if (inner := within(rule, each)) is not None)
    return replace(route, rules=tuple(rules))


def within(outer: RouteRule, inner: RouteRule) -> RouteRule | None:
    """A rule of a delegate under the conditions of the rule that delegates; None if no request can match both."""
    matches = [both for one in outer.matches for two in inner.matches if (both := _both(one, two)) is not None]
    if not matches:
        return None
    return replace(_completed(outer, inner), name=f"{outer.name}/{inner.name}", matches=tuple(matches))


def _completed(outer: RouteRule, inner: RouteRule) -> RouteRule:
    """A rule of a delegate with what only the rule that delegates says (Istio: each of these as a whole)."""
    said = outer.action.defaults if isinstance(outer.action, Delegate) else None
    action = inner.action
    if said is not None and isinstance(action, Forward):
        action = replace(
            action,
            rewrite=action.rewrite or said.rewrite,
            timeout=action.timeout or said.timeout,
            retry=action.retry or said.retry,
            mirrors=action.mirrors or said.mirrors,
        )
    has_headers = inner.request_headers is not None or inner.response_headers is not None
    headers = inner if has_headers else outer
    return replace(
        inner,
        action=action,
        request_headers=headers.request_headers,
        response_headers=headers.response_headers,
        fault=inner.fault or outer.fault,
        cors=inner.cors or outer.cors,
    )


def _both(outer: Match, inner: Match) -> Match | None:
    """Conditions of both; None where they exclude each other, or cannot be said as one (Istio: a conflict)."""
    path = _path(outer.path, inner.path)
    methods = inner.methods or outer.methods
    if outer.methods and inner.methods:
        methods = tuple(each for each in inner.methods if each in outer.methods)
    ports = inner.ports or outer.ports
    if outer.ports and inner.ports:
        ports = tuple(each for each in inner.ports if each in outer.ports)
    excluded = (outer.methods and inner.methods and not methods) or (outer.ports and inner.ports and not ports)
    if path is False or excluded or (outer.source and inner.source and outer.source != inner.source):
        return None
    return Match(
        path=path or None,
        methods=methods,
        headers=(*outer.headers, *inner.headers),
        query=(*outer.query, *inner.query),
        claims=(*outer.claims, *inner.claims),
        ports=ports,
        source=inner.source or outer.source,
    )


def _path(outer: PathMatch | None, inner: PathMatch | None) -> PathMatch | Literal[False] | None:
    """The narrower of two conditions on the path; False if nothing can match both."""
    if outer is None or inner is None:
        return outer or inner
    if outer == inner:
        return inner
    if PathKind.REGEX in {outer.kind, inner.kind}:
        return False
    for wide, narrow in ((outer, inner), (inner, outer)):
        if wide.kind is not PathKind.EXACT and narrow.value.startswith(wide.value):
            return narrow
    return False

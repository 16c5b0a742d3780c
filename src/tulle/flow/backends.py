"""Backends that other namespaces must consent to, and that may not exist: what is wrong with those of a route.

Only of routes whose specification demands it (Gateway API): their backends say who refers to them. A backend that
cannot be used keeps its share of the requests, which is answered with an error.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from tulle.envoy.references import backends
from tulle.flow.surroundings import Surroundings, grants_key, seen
from tulle.kit.memo import remember
from tulle.model.findings import Finding
from tulle.model.names import Name
from tulle.model.routes import AttachKind, Backend, Forward, RouteKind, RouteRule, RouteSet, StreamRule
from tulle.model.services import Protocol

REFUSED_BY_FILTER = "UnsupportedValue"
"""The reason of a rule with a filter that nobody knows."""
NO_AUTHORITY = "InvalidBackendTLSPolicy"
"""The reason of a backend that is to be called with TLS, which cannot be verified. It is told at the policy."""
FINE = ("", "")
Problem = tuple[str, str]
"""Reason and sentence."""


@dataclass(frozen=True, slots=True)
class Resolved:
    """A route with what is wrong with its backends."""

    route: RouteSet
    """The same object if nothing is."""
    problems: tuple[Problem, ...]
    """What is wrong, each once, in the order in which it was written."""
    findings: tuple[Finding, ...]
    names: frozenset[Name]


def resolve(route: RouteSet, around: Surroundings) -> Resolved:
    """Look up every backend of a route."""
    outcome: list[Problem] = []
    findings: list[Finding] = []
    names: set[Name] = set()
    for backend in backends(route):
        problem = FINE
        if backend.referrer is not None:
            names.add(backend.service)
            if backend.referrer.namespace != backend.service.namespace:
                names.add(grants_key(backend.service.namespace))
            problem = _problem(backend, route, around)
        if problem[0] not in {"", NO_AUTHORITY}:
            subject = backend.origin.subject or route.origin.subject
            findings.append(Finding.error(backend.origin, f"{subject}: {problem[1]}"))
        outcome.append(problem)
    problems = tuple(dict.fromkeys(each for each in outcome if each != FINE))
    checked = _marked(route, tuple(outcome)) if problems else route
    return Resolved(checked, problems, tuple(findings), frozenset(names))


def services_of(route: RouteSet) -> tuple[Name, ...]:
    """The services, each once, that a route sends something to, or would if a policy did not forbid it."""
    return tuple({each.service for each in backends(route) if each.problem_reason in {"", NO_AUTHORITY}})


def _problem(backend: Backend, route: RouteSet, around: Surroundings) -> Problem:
    if backend.problem:
        return backend.problem_reason, backend.problem
    home, name = route.name.namespace, backend.service
    shown = f'service "{seen(name, home)}"'
    assert backend.referrer is not None
    if not _is_mesh(route) and not around.consents(backend.referrer, "", "Service", name):
        who = f"{backend.referrer.kind}s of namespace {backend.referrer.namespace}"
        message = f"{shown} may not be used from here: no ReferenceGrant in namespace {name.namespace} allows {who}"
        return "RefNotPermitted", message
    service = around.services.get(name)
    if service is None:
        return "BackendNotFound", f"{shown} does not exist{around.service_hint(name, home)}"
    port = service.port(backend.port, is_udp=backend.is_udp)
    if port is None:
        numbers = ", ".join(str(each.number) for each in service.ports)
        has = f"it has {numbers}" if numbers else "it has no ports at all"
        return "BackendNotFound", f"{shown} has no port {backend.port}; {has}"
    if (port.protocol is Protocol.UDP) != (route.kind is RouteKind.UDP):
        message = f"port {port.number} of {shown} speaks {port.protocol}, which is nothing for {route.kind}s"
        return "UnsupportedProtocol", message
    why = next((why for section, why in around.untrusted.get(name, ()) if section in {"", port.name}), "")
    return (NO_AUTHORITY, why) if why else FINE


def _is_mesh(route: RouteSet) -> bool:
    """Whether a route is only for calls between workloads, who can call any service themselves without consent."""
    return bool(route.parents) and all(parent.kind is AttachKind.SERVICE for parent in route.parents)


@remember(size=4)
def _marked(route: RouteSet, outcome: tuple[Problem, ...]) -> RouteSet:
    """The route with the problems noted where they are."""
    left = iter(outcome)
    rules = tuple(_marked_rule(rule, left) for rule in route.rules)
    streams = tuple(_marked_stream(stream, left) for stream in route.streams)
    return replace(route, rules=rules, streams=streams)


def _marked_rule(rule: RouteRule, left: Iterator[Problem]) -> RouteRule:
    action = rule.action
    if isinstance(action, Forward):
        backends = tuple(_noted(backend, next(left)) for backend in action.backends)
        mirrors = tuple(mirror for mirror in action.mirrors if next(left) == FINE)
        action = replace(action, backends=backends, mirrors=mirrors)
    check = rule.check
    if check is not None and (problem := next(left)) != FINE:
        # Nobody can be asked whether a request may pass, so none may.
        action, check = Forward(backends=(_noted(check.backend, problem),), status_without_backends=500), None
    return replace(rule, action=action, check=check)


def _marked_stream(stream: StreamRule, left: Iterator[Problem]) -> StreamRule:
    return replace(stream, backends=tuple(_noted(backend, next(left)) for backend in stream.backends))


def _noted(backend: Backend, problem: Problem) -> Backend:
    return backend if problem == FINE else replace(backend, problem=problem[1], problem_reason=problem[0])

"""Routes find the listeners and services that they ask to be attached to, if those take them. Pure, one at a time.

Independent of the language: routes of Gateway API and virtual services of Istio are attached alike.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from tulle.envoy.scope import is_exported
from tulle.flow.backends import NO_AUTHORITY, REFUSED_BY_FILTER, Resolved, resolve, services_of
from tulle.flow.surroundings import Surroundings, namespace_key, seen
from tulle.kit.memo import remember
from tulle.model.findings import Finding, did_you_mean
from tulle.model.hostnames import ANY, narrowed
from tulle.model.listeners import Listener, fitting_kinds
from tulle.model.names import Name
from tulle.model.routes import AttachKind, Forward, Parent, RouteKind, RouteSet, StreamRule
from tulle.model.statuses import Condition, ParentStatus

Hosts = tuple[str, ...]
MOST_HOSTS = 5
"""Hosts that a finding names."""


@dataclass(frozen=True, slots=True)
class Attached:
    """What became of a route."""

    routes: tuple[RouteSet, ...]
    """The route as it is attached: once for each set of hosts at gateways, and once for each service."""
    parents: tuple[ParentStatus, ...]
    """What is said about it at those parents of which a status tells."""
    findings: tuple[Finding, ...]
    names: tuple[Name, ...]
    """What it depends on, each once: when one of these changes, it is to be attached again."""
    sections: tuple[tuple[Name, str], ...] = ()
    """Gateway and name of every listener that took it, in use or not; each once."""
    services: tuple[Name, ...] = ()
    """Services that it sends something to, each once."""


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What became of a route at one parent; without a reason it is attached."""

    reason: str = ""
    message: str = ""
    taken: tuple[tuple[Listener, Hosts], ...] = ()
    port: int | None = None
    """Of a service."""


def attach(route: RouteSet, around: Surroundings) -> Attached:
    """Attach a route to its parents."""
    resolved = resolve(route, around)
    names = set(resolved.names) | {namespace_key(route.name.namespace)}
    findings = list(resolved.findings)
    statuses: list[ParentStatus] = []
    taken: list[tuple[Listener, Hosts]] = []
    attached: dict[tuple[Name, int | None], RouteSet] = {}
    for parent in route.parents:
        names.add(parent.name)
        is_gateway = parent.kind is AttachKind.GATEWAY
        outcome = _at_gateway(route, parent, around) if is_gateway else _at_service(route, parent, around)
        if parent.reference:
            statuses.append(ParentStatus(reference=parent.reference, conditions=_conditions(route, outcome, resolved)))
        if outcome.reason:
            subject = parent.origin.subject or route.origin.subject
            findings.append(Finding.warning(parent.origin, f"{subject}: {outcome.message}"))
        elif is_gateway:
            taken += outcome.taken
        else:
            place = parent.name, outcome.port
            attached[place] = _for_service(resolved.route, *place)
    return Attached(
        routes=(*_for_listeners(resolved.route, taken, around), *attached.values()),
        parents=tuple(statuses),
        findings=tuple(findings),
        names=tuple(names),
        sections=tuple({(each.gateway, each.section) for each, _ in taken if each.gateway is not None}),
        services=services_of(resolved.route),
    )


def _at_gateway(route: RouteSet, parent: Parent, around: Surroundings) -> _Outcome:
    """Which listeners of a gateway take a route, and for which hosts."""
    home = route.name.namespace
    shown = (
        f'{"listener set" if parent.name.name.startswith("ListenerSet/") else "gateway"} "{seen(parent.name, home)}"'
    )
    listeners = around.listeners.get(parent.name, ())
    if not listeners and parent.name not in around.gateways and parent.name not in around.sets:
        if parent.name in around.silent:
            return _Outcome("NoMatchingParent", f"{shown} {around.silent[parent.name]}, so nothing is attached to it")
        hint = around.gateway_hint(parent.name, home)
        return _Outcome("NoMatchingParent", f"{shown} does not exist, so nothing is attached to it{hint}")
    if not any(is_exported(route.exports, home, each) for each in (parent.name.namespace, around.root_namespace)):
        message = f"{shown} does not use it: it is not exported to namespace {parent.name.namespace}"
        return _Outcome("NotAllowedByListeners", message)
    candidates = [each for each in listeners if _is_named(each, parent)]
    if not candidates:
        return _Outcome("NoMatchingParent", f"{shown} has no listener {_wanted(parent, listeners)}")
    allowed = [each for each in candidates if _takes(each, route, around)]
    if not allowed:
        message = f"no listener of {shown} that it names takes {route.kind}s of namespace {home}"
        return _Outcome("NotAllowedByListeners", message)
    taken = tuple((each, hosts) for each in allowed if (hosts := common_hosts(each, route)))
    if not taken:
        known = [*dict.fromkeys(host for each in allowed for host in _open(each, home))]
        served = f"; they serve {', '.join(known[:MOST_HOSTS])}" if known else ""
        message = f"no listener of {shown} that takes it serves {' or '.join(route.hosts)}{served}"
        return _Outcome("NoMatchingListenerHostname", message)
    return _Outcome(taken=taken)


def _is_named(listener: Listener, parent: Parent) -> bool:
    if parent.section and listener.section != parent.section:
        return False
    return parent.port is None or parent.port == (listener.declared_port or listener.port)


def _wanted(parent: Parent, listeners: tuple[Listener, ...]) -> str:
    words = []
    hint = ""
    if parent.section:
        words.append(f'"{parent.section}"')
        hint = did_you_mean(parent.section, [each.section for each in listeners])
    if parent.port is not None:
        words.append(f"on port {parent.port}")
    return " ".join(words) + hint if words else "at all"


def _takes(listener: Listener, route: RouteSet, around: Surroundings) -> bool:
    """Whether a listener takes routes of this kind from this namespace."""
    return route.kind in kinds_of(listener) and around.admits(listener.admission, route.name.namespace)


def kinds_of(listener: Listener) -> tuple[RouteKind, ...]:
    """The kinds of routes that a listener takes; none at all if nobody knows its protocol."""
    if any(reason == "UnsupportedProtocol" for _, reason, _ in listener.problems):
        return ()
    if listener.admission.kinds or any(reason == "InvalidRouteKinds" for _, reason, _ in listener.problems):
        return listener.admission.kinds
    return fitting_kinds(listener.protocol, listener.tls)


def common_hosts(listener: Listener, route: RouteSet) -> Hosts:
    """The hosts that a route has at a listener, in the order of the route."""
    return narrowed(route.hosts, _open(listener, route.name.namespace))


def _open(listener: Listener, namespace: str) -> list[str]:
    """The hosts of a listener that are for routes of a namespace."""
    return [each.host for each in listener.hosts if each.namespaces is None or namespace in each.namespaces]


def _at_service(route: RouteSet, parent: Parent, around: Surroundings) -> _Outcome:
    """Whether a service, and the port of it that is named, exist."""
    home = route.name.namespace
    shown = f'service "{seen(parent.name, home)}"'
    service = around.services.get(parent.name)
    if service is None:
        hint = around.service_hint(parent.name, home)
        return _Outcome("NoMatchingParent", f"{shown} does not exist, so nothing is attached to it{hint}")
    if not parent.section and parent.port is None:
        return _Outcome()
    for port in service.ports:
        if parent.section in {"", port.name} and parent.port in {None, port.number}:
            return _Outcome(port=port.number)
    wanted = f'"{parent.section}"' if parent.section else str(parent.port)
    has = ", ".join(f"{port.name} ({port.number})" for port in service.ports) or "none at all"
    return _Outcome("NoMatchingParent", f"{shown} has no port {wanted}; it has {has}")


def _conditions(route: RouteSet, outcome: _Outcome, resolved: Resolved) -> tuple[Condition, ...]:
    """What is said about a route at one parent."""
    dropped = [rule.name for rule in route.rules if _is_refused(rule.action)]
    is_invalid = bool(dropped) and len(dropped) == len(route.rules)
    unchecked = [
        rule.name
        for rule, now in zip(route.rules, resolved.route.rules, strict=True)
        if rule.check is not None and now.check is None
    ]
    filters = next((message for reason, message in resolved.problems if reason == REFUSED_BY_FILTER), "")
    reason, message = outcome.reason, outcome.message
    if not reason and is_invalid:
        reason, message = REFUSED_BY_FILTER, filters
    found = [Condition(type="Accepted", status=not reason, reason=reason or "Accepted", message=message)]
    unresolved = [each for each in resolved.problems if each[0] not in {REFUSED_BY_FILTER, NO_AUTHORITY}]
    found.append(
        Condition(
            type="ResolvedRefs",
            status=not unresolved,
            reason=unresolved[0][0] if unresolved else "ResolvedRefs",
            message="; ".join(text for _, text in unresolved),
        )
    )
    dropped += unchecked
    if not reason and 0 < len(dropped) < len(route.rules):
        why = filters or "its requests are refused, as nobody can be asked about them"
        text = f"Dropped Rule {', '.join(dropped)}: {why}"
        found.append(Condition(type="PartiallyInvalid", status=True, reason=REFUSED_BY_FILTER, message=text))
    return tuple(found)


def _is_refused(action: object) -> bool:
    return isinstance(action, Forward) and any(each.problem_reason == REFUSED_BY_FILTER for each in action.backends)


def _for_listeners(route: RouteSet, taken: list[tuple[Listener, Hosts]], around: Surroundings) -> Iterator[RouteSet]:
    """The route once for each set of hosts that it has at listeners which are in use."""
    places: dict[Hosts, dict[str, None]] = {}
    for listener, hosts in taken:
        owned = tuple(host for host in hosts if around.is_owner(listener, host))
        if owned and listener.name not in around.unusable:
            places.setdefault(owned, {})[listener.id] = None
    for hosts, ids in places.items():
        yield _at_listeners(route, hosts, tuple(ids))


@remember(size=64)
def _at_listeners(route: RouteSet, hosts: Hosts, listeners: tuple[str, ...]) -> RouteSet:
    streams = route.streams
    if route.kind is RouteKind.TLS:
        streams = tuple(each for each in (_with_server_names(stream, hosts) for stream in streams) if each.matches)
    return replace(route, hosts=hosts, listeners=listeners, streams=streams, parents=())


def _with_server_names(stream: StreamRule, hosts: Hosts) -> StreamRule:
    """The hosts that a route was given decide by server name; its matches may only say less, never more."""
    if ANY in hosts:
        return stream
    matches = []
    for match in stream.matches:
        names = narrowed(match.server_names, hosts) if match.server_names else hosts
        if names:
            matches.append(match if names == match.server_names else replace(match, server_names=names))
    return replace(stream, matches=tuple(matches))


@remember(size=16)
def _for_service(route: RouteSet, service: Name, port: int | None) -> RouteSet:
    """Rules of the mesh: of the service itself for everybody, of another namespace for the workloads there."""
    home = route.name.namespace
    exports = route.exports if service.namespace == home else (home,)
    return replace(route, hosts=(), parents=(), service=service, service_port=port, exports=exports)

"""What an object refers to exists, or is taken out of it with a finding. Pure, one object at a time.

Of rules, only those of the native language are changed so: in others a backend that does not exist keeps its share of
the requests, which is answered with an error (`flow.advisors.backends` tells it).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Generic, TypeVar

from tulle.envoy.references import backends, stream_backends
from tulle.flow.attachment import Attached, attach
from tulle.flow.nearest import Nearest
from tulle.flow.resolving import resolve
from tulle.flow.surroundings import Surroundings
from tulle.kit.memo import remember
from tulle.kit.quick import quick
from tulle.model.documents import Origin
from tulle.model.findings import Finding, did_you_mean
from tulle.model.listeners import Listener, ListenerProtocol
from tulle.model.names import CLUSTER_DOMAIN, GATEWAY, SYSTEM_NAMESPACE, Name
from tulle.model.policies import TlsMode
from tulle.model.routes import Backend, Forward, Respond, RouteRule, RouteSet
from tulle.model.security import Rule
from tulle.model.services import Port, Protocol, Service
from tulle.model.workloads import Workload

Thing = TypeVar("Thing")
UNAVAILABLE = 503
ORIGINATING = frozenset((TlsMode.SIMPLE, TlsMode.MUTUAL))


@quick
@dataclass(frozen=True, slots=True)
class Checked(Generic[Thing]):
    """An object whose references can all be resolved."""

    thing: Thing | None
    """The same object if nothing had to be taken out; None if nothing is left."""
    findings: tuple[Finding, ...]
    names: Collection[Name]
    """What it refers to, each once, existing or not: when one of these changes, it is to be checked again."""
    attached: Attached | None = None
    """Of a route that asks to be attached: what became of it."""


@dataclass(slots=True)
class Directory:
    """What can be referred to."""

    services: Mapping[Name, Service]
    listeners: Mapping[Name, Listener]
    accounts: Mapping[Name, int]
    """Service accounts, and how many services have each."""
    hosts: Mapping[str, tuple[Name, ...]] = field(default_factory=dict)
    """Services by the hosts that they say themselves."""
    delegates: Mapping[Name, RouteSet] = field(default_factory=dict)
    """Route sets that others delegate to."""
    around: Surroundings = field(default_factory=Surroundings)
    """Who listens, and who consents."""
    _nearest: dict[str, Nearest] = field(default_factory=dict)

    def hint(self, name: Name, namespace: str) -> str:
        """`; did you mean "web"?` for a service that does not exist, seen from a namespace."""
        if namespace not in self._nearest:
            self._nearest[namespace] = Nearest([shown(known, namespace) for known in self.services])
        return self._nearest[namespace].hint(shown(name, namespace))


def shown(name: Name, namespace: str) -> str:
    """A service as one would write it in a namespace."""
    return name.name if name.namespace == namespace else str(name)


class _Findings:
    """The findings about one object."""

    def __init__(self, fallback: Origin) -> None:
        self.all: list[Finding] = []
        self.fallback = fallback

    def error(self, origin: Origin, message: str) -> None:
        subject = origin.subject or self.fallback.subject
        self.all.append(Finding.error(origin, f"{subject}: {message}"))

    def warning(self, origin: Origin, message: str) -> None:
        subject = origin.subject or self.fallback.subject
        self.all.append(Finding.warning(origin, f"{subject}: {message}"))


def check_service(service: Service, directory: Directory) -> Checked[Service]:
    """Turn the services that may call into the accounts that they have."""
    findings = _Findings(service.origin)
    names: set[Name] = set()
    changes: list[tuple[int, tuple[Name, ...]]] = []
    for index, rule in enumerate(service.allow or ()):
        found = (_caller(caller, rule, service, directory, findings) for caller in rule.callers)
        callers = tuple(dict.fromkeys(found))
        names.update(rule.callers)
        if callers != rule.callers:
            changes.append((index, callers))
    checked = _with_callers(service, tuple(changes)) if changes else service
    return Checked(checked, tuple(findings.all), tuple(names))


def _caller(caller: Name, rule: Rule, service: Service, directory: Directory, findings: _Findings) -> Name:
    """The account of a caller."""
    if (known := directory.services.get(caller)) is not None:
        return Name(caller.namespace, known.account) if known.account != caller.name else caller
    if directory.accounts.get(caller) or caller == GATEWAY:
        return caller
    hint = directory.hint(caller, service.name.namespace)
    findings.error(
        rule.origin, f'"allow" names service "{shown(caller, service.name.namespace)}", which does not exist{hint}'
    )
    return caller


@remember(size=2)
def _with_callers(service: Service, changes: tuple[tuple[int, tuple[Name, ...]], ...]) -> Service:
    rules = list(service.allow or ())
    for index, callers in changes:
        rules[index] = replace(rules[index], callers=callers)
    return replace(service, allow=tuple(rules))


def check_workload(workload: Workload, directory: Directory) -> Checked[Workload]:
    """The TCP services that it calls exist."""
    findings = _Findings(workload.origin)
    origin = workload.calls_origin or workload.origin
    for call in workload.calls or ():
        seen = shown(call, workload.service.namespace)
        service = directory.services.get(call)
        if service is None:
            hint = directory.hint(call, workload.service.namespace)
            findings.error(origin, f'"calls" names service "{seen}", which does not exist{hint}')
        elif all(port.protocol.is_http for port in service.ports):
            findings.warning(
                origin,
                f'"calls" is for TCP and UDP; service "{seen}" speaks HTTP and is called by its name',
            )
    return Checked(workload, tuple(findings.all), tuple(dict.fromkeys(workload.calls or ())))


def check_listener(listener: Listener, directory: Directory) -> Checked[Listener]:
    """The services that get its bytes exist."""
    findings = _Findings(listener.origin)
    protocol = Protocol.UDP if listener.protocol is ListenerProtocol.UDP else Protocol.TCP
    kept = []
    for index, backend in enumerate(listener.backends):
        problem = _problem(backend, directory, backend.service.namespace, protocol)
        if problem is None:
            kept.append(index)
            _check_gateway_may_call(backend, directory, findings)
        else:
            findings.error(backend.origin, problem)
    names = tuple(dict.fromkeys(backend.service for backend in listener.backends))
    if len(kept) == len(listener.backends):
        return Checked(listener, tuple(findings.all), names)
    is_left = any(listener.backends[index].weight for index in kept)
    return Checked(_pruned_listener(listener, tuple(kept)) if is_left else None, tuple(findings.all), names)


@remember(size=2)
def _pruned_listener(listener: Listener, kept: tuple[int, ...]) -> Listener:
    return replace(listener, backends=tuple(listener.backends[index] for index in kept))


@dataclass(frozen=True, slots=True)
class _Kept:
    """What is left of one rule: indexes of its backends and mirrors."""

    backends: tuple[int, ...]
    mirrors: tuple[int, ...]
    reason: str


def check_route(route: RouteSet, directory: Directory) -> Checked[tuple[RouteSet, ...]]:
    """Its backends exist and speak HTTP, its listeners exist and speak HTTP; or it is attached to its parents."""
    if route.is_delegate:
        return Checked(None, (), ())
    resolved = resolve(route, directory.services, directory.hosts, directory.delegates)
    if route.parents:
        attached = attach(resolved.route, directory.around)
        findings, names = (*resolved.findings, *attached.findings), tuple(resolved.names.union(attached.names))
        return Checked(attached.routes, findings, names, attached)
    checked = _check_set(resolved.route, directory)
    together = () if checked.thing is None else (checked.thing,)
    return Checked(together, (*resolved.findings, *checked.findings), tuple(resolved.names.union(checked.names)))


def _check_set(route: RouteSet, directory: Directory) -> Checked[RouteSet]:
    findings = _Findings(route.origin)
    names: set[Name] = set() if route.service is None else {route.service}
    if route.drops_unknown and route.service is not None and route.service not in directory.services:
        hint = directory.hint(route.service, route.name.namespace)
        origin = route.host_origin(f"{route.service}.svc.{CLUSTER_DOMAIN}")
        findings.error(origin, f'service "{shown(route.service, route.name.namespace)}" does not exist{hint}')
        return Checked(None, tuple(findings.all), tuple(names))
    listeners = tuple(name for name in route.listeners if _listener_exists(name, route, directory, findings))
    names.update(Name(SYSTEM_NAMESPACE, name) for name in route.listeners)
    if not route.drops_unknown:
        names.update(backend.service for backend in backends(route))
        return Checked(route, tuple(findings.all), tuple(names))
    kept = tuple(_check_rule(rule, route, directory, findings, names) for rule in route.rules)
    for backend in stream_backends(route):
        names.add(backend.service)
        if problem := _problem(backend, directory, route.name.namespace, None):
            findings.error(backend.origin, problem)
    checked: RouteSet | None = route
    if route.listeners and not listeners:
        checked = None
    elif listeners != route.listeners or any(item is not None for item in kept):
        checked = _pruned_route(route, kept, listeners)
    return Checked(checked, tuple(findings.all), tuple(names))


def _listener_exists(name: str, route: RouteSet, directory: Directory, findings: _Findings) -> bool:
    listener = directory.listeners.get(Name(SYSTEM_NAMESPACE, name))
    if listener is None:
        hint = did_you_mean(name, [known.name for known in directory.listeners])
        findings.error(route.listeners_origin or route.origin, f'listener "{name}" does not exist{hint}')
        return False
    if not listener.protocol.is_http and not route.streams:
        findings.error(
            route.listeners_origin or route.origin,
            f'listener "{name}" speaks {listener.protocol}; routes are for http and https',
        )
        return False
    return True


def _check_rule(
    rule: RouteRule, route: RouteSet, directory: Directory, findings: _Findings, names: set[Name]
) -> _Kept | None:
    """What is left of a rule, or None if all of it."""
    if not isinstance(rule.action, Forward):
        return None
    problems: list[str] = []
    mirrors = tuple(mirror.backend for mirror in rule.action.mirrors)
    kept: list[tuple[int, ...]] = []
    for group in (rule.action.backends, mirrors):
        names.update(backend.service for backend in group)
        good = []
        for index, backend in enumerate(group):
            problem = _problem(backend, directory, route.name.namespace, Protocol.HTTP)
            if problem is None:
                good.append(index)
                if route.service is None:
                    _check_gateway_may_call(backend, directory, findings)
            else:
                findings.error(backend.origin, problem)
                problems.append(problem)
        kept.append(tuple(good))
    if not problems:
        return None
    is_left = any(rule.action.backends[index].weight for index in kept[0])
    return _Kept(kept[0] if is_left else (), kept[1], problems[0])


@remember(size=2)
def _pruned_route(route: RouteSet, kept: tuple[_Kept | None, ...], listeners: tuple[str, ...]) -> RouteSet:
    rules = tuple(
        rule if item is None else _pruned_rule(rule, item) for rule, item in zip(route.rules, kept, strict=True)
    )
    return replace(route, rules=rules, listeners=listeners)


def _pruned_rule(rule: RouteRule, kept: _Kept) -> RouteRule:
    action = rule.action
    assert isinstance(action, Forward)
    if not kept.backends:
        answer = Respond(status=UNAVAILABLE, body=f"{kept.reason}\n", headers=(("x-tulle-reason", kept.reason),))
        return replace(rule, action=answer)
    backends = tuple(action.backends[index] for index in kept.backends)
    mirrors = tuple(action.mirrors[index] for index in kept.mirrors)
    return replace(rule, action=replace(action, backends=backends, mirrors=mirrors))


def _problem(backend: Backend, directory: Directory, namespace: str, protocol: Protocol | None) -> str | None:
    """Why a backend cannot be used for a protocol, or for any connections; None if it can."""
    seen = shown(backend.service, namespace)
    service = directory.services.get(backend.service)
    if service is None:
        return f'service "{seen}" does not exist{directory.hint(backend.service, namespace)}'
    port = service.port(backend.port)
    if port is None:
        numbers = ", ".join(str(port.number) for port in service.ports)
        has = f"it has {numbers}" if numbers else "it has no ports at all"
        wanted = f"port {backend.port}" if backend.port is not None else "port"
        return f'service "{seen}" has no {wanted}; {has}'
    versions = versions_of(service)
    if backend.subset is not None and backend.subset not in versions:
        hint = did_you_mean(backend.subset, versions) or (f"; it has {', '.join(versions)}" if versions else "")
        return f'service "{seen}" has no version "{backend.subset}"{hint}'
    if _fits(service, port, protocol):
        return None
    wanted = "http, http2 or grpc" if protocol is Protocol.HTTP else str(protocol or Protocol.TCP)
    return f'port {port.number} of service "{seen}" speaks {port.protocol}; here it must be {wanted}'


def _fits(service: Service, port: Port, protocol: Protocol | None) -> bool:
    """Whether a port takes what is sent to it; without a protocol these are the bytes of any connection."""
    match protocol:
        case None:
            return port.protocol is not Protocol.UDP
        case Protocol.TCP:
            return port.protocol in {Protocol.TCP, Protocol.TLS}
        case Protocol.HTTP:
            return port.protocol.is_http or (port.protocol is Protocol.TLS and _originates(service, port.number))
        case _:
            return port.protocol is protocol


def versions_of(service: Service) -> list[str]:
    """Its own, and those that documents of their own give it."""
    others = (subset.name for each in service.destinations for subset in each.subsets)
    return list(dict.fromkeys((*(subset.name for subset in service.subsets), *others)))


def _originates(service: Service, port: int) -> bool:
    """Whether callers' proxies speak TLS to a port, so that requests can be sent there."""
    policies = [service.policy, *(each.policy for each in service.destinations)]
    policies += [dict(each.port_policies).get(port) for each in service.destinations]
    return any(each is not None and each.tls is not None and each.tls.mode in ORIGINATING for each in policies)


def _check_gateway_may_call(backend: Backend, directory: Directory, findings: _Findings) -> None:
    if gateway_may_call(directory.services[backend.service]):
        return
    findings.warning(
        backend.origin,
        f'service "{backend.service.name}" does not allow the gateway to call it; add "gateway" to its "allow"',
    )


def gateway_may_call(service: Service) -> bool:
    """Whether what a service says of its callers leaves anything to the gateway."""
    return service.allow is None or any(_allows_gateway(rule) for rule in service.allow)


def _allows_gateway(rule: Rule) -> bool:
    is_anyone = not rule.callers and not rule.namespaces
    return is_anyone or GATEWAY in rule.callers or SYSTEM_NAMESPACE in rule.namespaces

"""Rules that send to a host that nobody has, a port or subset that does not exist, or requests to what speaks no HTTP.

What rules of the native language name is looked up in `flow.references`, and the services of Gateway API in
`flow.backends`, as their rules are not used like others if something is missing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tulle.envoy.scope import host_key
from tulle.flow.advisors.base import Advised, Key, Ledger, World, about
from tulle.flow.references import gateway_may_call, shown
from tulle.model.documents import Origin
from tulle.model.findings import Finding, did_you_mean
from tulle.model.policies import Policy, TlsMode
from tulle.model.routes import AttachKind, Backend, Forward, RouteRule, RouteSet, StreamRule
from tulle.model.services import Port, Protocol, Service

Problem = tuple[str, str]
"""What is wrong, and a hint that begins with `; ` (or nothing)."""
MADE_HERE = frozenset((TlsMode.SIMPLE, TlsMode.MUTUAL))
"""Modes in which the proxy of the caller speaks TLS for it."""
UNWEIGHTED = "it can never get more than its weight of 0"


class Backends:
    """Looks at every set of rules by itself."""

    def __init__(self) -> None:
        self._ledger: Ledger[RouteSet] = Ledger(advise)

    def update(self, world: World) -> None:
        """Look again at what changed."""
        self._ledger.update(world.routes_added, world.routes_removed, world)

    def findings(self) -> Iterable[Finding]:
        """About every backend that cannot be used."""
        return self._ledger.findings()


ADVISOR = Backends


@dataclass(slots=True)
class _Looking:
    """What is found out about one set of rules."""

    route: RouteSet
    world: World
    findings: list[Finding]
    keys: set[Key]
    is_at_gateway: bool

    def problem(self, backend: Backend) -> Problem | None:
        """Why a backend can never answer; None if it can."""
        world, home = self.world, self.route.name.namespace
        service = self._service(backend)
        if service is None:
            if backend.referrer is not None:
                return None
            if backend.host:
                hint = world.host_hint(backend.host) or "; a ServiceEntry can say where it is"
                return f'no service has the host "{backend.host}"', hint
            return f'service "{shown(backend.service, home)}" does not exist', world.service_hint(backend.service, home)
        called = _called(service, home)
        if backend.port_name and _port(service, backend) is None:
            hint = did_you_mean(backend.port_name, [port.name for port in service.ports])
            return f'{called} has no port "{backend.port_name}"', hint
        if _port(service, backend) is None and backend.referrer is None:
            numbers = ", ".join(str(port.number) for port in service.ports)
            wanted = f"port {backend.port}" if backend.port is not None else "port"
            return f"{called} has no {wanted}", f"; it has {numbers}" if numbers else ""
        if backend.subset is not None and not _has_subset(service, backend.subset):
            return f'{called} has no subset "{backend.subset}"', _subsets(service, backend.subset)
        return None

    def mismatch(self, backend: Backend) -> str:
        """Why requests make no sense there; empty if they do."""
        service = self._service(backend)
        port = _port(service, backend) if service is not None else None
        if service is None or port is None or port.protocol.is_http or _makes_tls(service, port):
            return ""
        called, remedy = _called(service, self.route.name.namespace), ""
        if port.protocol is Protocol.TLS:
            remedy = "a DestinationRule with tls.mode SIMPLE for it makes TLS out of requests, or "
        remedy += "if it is HTTP after all, say so with appProtocol: http"
        return f"port {port.number} of {called} speaks {port.protocol}, and requests are sent there; {remedy}"

    def ambiguity(self, backend: Backend) -> str:
        """At a gateway, calls have no port of their own that could be meant."""
        service = self._service(backend)
        if not self.is_at_gateway or service is None or backend.port is not None or backend.port_name:
            return ""
        if len(service.ports) < 2:
            return ""
        numbers = ", ".join(str(port.number) for port in service.ports)
        first = service.ports[0].number
        called = _called(service, self.route.name.namespace)
        return f"{called} has the ports {numbers}, and none of them is named here; {first} is used"

    def note(self, origin: Origin, message: str, *, is_fatal: bool = False) -> None:
        make = Finding.error if is_fatal else Finding.warning
        self.findings.append(make(origin, f"{about(origin, self.route.origin)}: {message}"))

    def _service(self, backend: Backend) -> Service | None:
        if backend.host:
            self.keys.add(host_key(backend.host))
            service = self.world.by_host(backend.host, self.route.name.namespace)
        else:
            service = self.world.services.get(backend.service)
        self.keys.add(backend.service if service is None else service.name)
        return service


def advise(route: RouteSet, world: World) -> Advised:
    """Look up everything that one set of rules sends something to."""
    # Rules of the mesh only become rules of a gateway by a parent.
    at_gateway = any(parent.kind is AttachKind.GATEWAY for parent in route.parents)
    is_for_gateway = at_gateway or (route.service is None and not route.mesh_hosts and not route.parents)
    looking = _Looking(route, world, [], set(), is_for_gateway and not route.is_delegate)
    for rule in route.rules:
        _look_at_rule(rule, looking)
    for stream in route.streams:
        _look_at_stream(stream, looking)
    return Advised(tuple(dict.fromkeys(looking.findings)), tuple(looking.keys))


def _look_at_rule(rule: RouteRule, looking: _Looking) -> None:
    if rule.check is not None and not rule.check.backend.problem and (found := looking.problem(rule.check.backend)):
        what = "every request passes unasked" if rule.check.fails_open else "no request passes"
        looking.note(rule.check.backend.origin, f"{found[0]}, so {what}{found[1]}")
    action = rule.action
    if not isinstance(action, Forward) or looking.route.drops_unknown:
        return
    problems = [(each, looking.problem(each)) for each in action.backends if not each.problem]
    is_fatal = _is_fatal(problems)
    share = "its share" if len(problems) > 1 else "what comes here"
    for backend, found in problems:
        if found is not None:
            what = f"{share} is answered {action.status_without_backends}" if backend.weight else UNWEIGHTED
            looking.note(backend.origin, f"{found[0]}, so {what}{found[1]}", is_fatal=is_fatal)
            continue
        for odd in (looking.mismatch(backend), looking.ambiguity(backend)):
            if odd:
                looking.note(backend.origin, odd)
        _look_at_consent(backend, looking)
    for mirror in action.mirrors:
        backend = mirror.backend
        if not backend.problem and (found := looking.problem(backend)) is not None:
            looking.note(backend.origin, f"{found[0]}, so nobody gets the copies{found[1]}")


def _is_fatal(problems: list[tuple[Backend, Problem | None]]) -> bool:
    """Whether nothing is left that could answer."""
    live = [found for backend, found in problems if backend.weight]
    return bool(live) and all(live)


def _look_at_consent(backend: Backend, looking: _Looking) -> None:
    """A service that says who may call it should not forget the gateway."""
    service = looking.world.services.get(backend.service)
    if looking.is_at_gateway and service is not None and not gateway_may_call(service):
        message = f'service "{service.name.name}" does not allow the gateway to call it; add "gateway" to its "allow"'
        looking.note(backend.origin, message)


def _look_at_stream(stream: StreamRule, looking: _Looking) -> None:
    problems = [(each, looking.problem(each)) for each in stream.backends if not each.problem]
    is_fatal = _is_fatal(problems)
    for backend, found in problems:
        if found is not None:
            what = "its connections are closed" if backend.weight else UNWEIGHTED
            looking.note(backend.origin, f"{found[0]}, so {what}{found[1]}", is_fatal=is_fatal)
        elif odd := looking.ambiguity(backend):
            looking.note(backend.origin, odd)


def _called(service: Service, home: str) -> str:
    return f'service "{service.hosts[0] if service.hosts else shown(service.name, home)}"'


def _port(service: Service, backend: Backend) -> Port | None:
    if backend.port_name:
        return next((port for port in service.ports if port.name == backend.port_name), None)
    return service.port(backend.port)


def _has_subset(service: Service, name: str) -> bool:
    if service.subset(name) is not None:
        return True
    return any(subset.name == name for each in service.destinations for subset in each.subsets)


def _subsets(service: Service, wanted: str) -> str:
    """What subsets there are, and who says so."""
    versions = [subset.name for subset in service.subsets]
    places = [f"{each.origin.subject} ({each.origin})" for each in service.destinations if each.subsets]
    names = dict.fromkeys((*versions, *(subset.name for each in service.destinations for subset in each.subsets)))
    if not names:
        return f"; add a DestinationRule for its host with a subset {wanted}"
    return did_you_mean(wanted, names) or f"; it has {', '.join(names)}{f' by {places[0]}' if places else ''}"


def _makes_tls(service: Service, port: Port) -> bool:
    """Whether anybody who calls this port speaks TLS for the application."""
    if port.protocol is not Protocol.TLS:
        return False
    return any(policy.tls is not None and policy.tls.mode in MADE_HERE for policy in _policies(service, port.number))


def _policies(service: Service, port: int) -> Iterator[Policy]:
    """Everything that may hold for a port."""
    yield service.policy
    for each in service.destinations:
        ports = dict(each.port_policies)
        if port in ports:
            yield ports[port]
        elif each.policy is not None:
            yield each.policy
        for subset in each.subsets:
            if subset.policy is not None:
                yield subset.policy
            yield from (policy for number, policy in subset.port_policies if number == port)

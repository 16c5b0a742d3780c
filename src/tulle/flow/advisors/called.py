"""Rules of the mesh that no call can match: for what the service speaks, for its ports, for who calls."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tulle.envoy.scope import host_key
from tulle.flow.advisors.base import Advised, Key, Ledger, World, about, labelled
from tulle.flow.references import shown
from tulle.model.documents import Origin
from tulle.model.findings import Finding
from tulle.model.names import CLUSTER_DOMAIN, Name
from tulle.model.routes import AttachKind, Match, RouteKind, RouteRule, RouteSet, Source, StreamMatch, StreamRule
from tulle.model.services import Protocol, Service


class Called:
    """Looks at every set of rules for calls to a service."""

    def __init__(self) -> None:
        self._ledger: Ledger[RouteSet] = Ledger(advise)

    def update(self, world: World) -> None:
        """Look again at what changed."""
        self._ledger.update(world.routes_added, world.routes_removed, world)

    def findings(self) -> Iterable[Finding]:
        """About every rule that no call can match."""
        return self._ledger.findings()


ADVISOR = Called


def advise(route: RouteSet, world: World) -> Advised:
    """Look at one set of rules."""
    keys: set[Key] = set()
    found: list[Finding] = []
    if not route.drops_unknown and route.service is not None and route.service not in world.services:
        hint = world.service_hint(route.service, route.name.namespace)
        origin = route.host_origin(f"{route.service}.svc.{CLUSTER_DOMAIN}")
        what = f'service "{shown(route.service, route.name.namespace)}" does not exist, so nobody calls it{hint}'
        found.append(Finding.error(origin, f"{about(origin, route.origin)}: {what}"))
    for service, origin in _called(route, world, keys):
        found += _about_protocol(route, service, origin)
        found += _about_ports(route, service)
    found += _about_callers(route, world, keys)
    return Advised(tuple(dict.fromkeys(found)), tuple(keys))


def _called(route: RouteSet, world: World, keys: set[Key]) -> Iterator[tuple[Service, Origin]]:
    """The services that calls go to which the rules are for, and where that was written."""
    places: list[tuple[Name | None, Origin]] = []
    if route.service is not None:
        places.append((route.service, route.host_origin(f"{route.service}.svc.{CLUSTER_DOMAIN}")))
    for host in route.mesh_hosts:
        keys.add(host_key(host))
        called = world.by_host(host, route.name.namespace)
        places.append((None if called is None else called.name, route.host_origin(host)))
    for parent in route.parents:
        if parent.kind is AttachKind.SERVICE:
            places.append((parent.name, parent.origin))
    for name, origin in places:
        if name is None:
            continue
        keys.add(name)
        if (service := world.services.get(name)) is not None:
            yield service, origin


def _about_protocol(route: RouteSet, service: Service, origin: Origin) -> Iterator[Finding]:
    spoken = {port.protocol for port in service.ports}
    ports = ", ".join(f"{port.number} {port.protocol}" for port in service.ports)
    called = f'service "{_name(service, route)}"'
    if route.rules and spoken and not any(each.is_http or each is Protocol.TLS for each in spoken):
        message = f"its rules for requests have no effect: {called} has no port with HTTP ({ports})"
        yield Finding.warning(origin, f"{about(origin, route.origin)}: {message}")
    is_bytes = route.kind in {RouteKind.TCP, RouteKind.TLS}
    if route.streams and is_bytes and spoken and all(each.is_http for each in spoken):
        message = f"its rules for connections have no effect: {called} has only ports with HTTP ({ports})"
        yield Finding.warning(origin, f"{about(origin, route.origin)}: {message}")


def _about_ports(route: RouteSet, service: Service) -> Iterator[Finding]:
    known = {port.number for port in service.ports}
    rules: tuple[RouteRule | StreamRule, ...] = (*route.rules, *route.streams)
    for rule in rules:
        wanted = [_ports(match) for match in rule.matches]
        if all(ports and known.isdisjoint(ports) for ports in wanted):
            numbers = ", ".join(str(number) for number in dict.fromkeys(each for ports in wanted for each in ports))
            has = ", ".join(str(number) for number in sorted(known)) or "none"
            message = f'is never used: it is for port {numbers}, and service "{_name(service, route)}" has {has}'
            yield Finding.warning(rule.origin, f"{about(rule.origin, route.origin)}: this rule {message}")


def _about_callers(route: RouteSet, world: World, keys: set[Key]) -> Iterator[Finding]:
    """Rules for calls of workloads that nobody runs."""
    rules: tuple[RouteRule | StreamRule, ...] = (*route.rules, *route.streams)
    for rule in rules:
        sources = [match.source for match in rule.matches]
        if all(source is not None and not _runs(source, world, keys) for source in sources):
            who = " or ".join(dict.fromkeys(_described(source) for source in sources if source is not None))
            message = f"this rule is never used: it is for calls of workloads {who}, and none of them runs here"
            yield Finding.warning(rule.origin, f"{about(rule.origin, route.origin)}: {message}")


def _runs(source: Source, world: World, keys: set[Key]) -> bool:
    """Whether any workload is such a caller."""
    spaces = (source.namespace,) if source.namespace else tuple(world.guarding.by_namespace)
    keys.add(world.reach(source.namespace or world.settings.root_namespace, source.labels))
    is_gateway = source.namespace in {"", world.settings.root_namespace}
    if is_gateway and set(source.labels) <= set(world.settings.gateway_labels):
        return True
    if not source.labels:
        return bool(source.namespace) and bool(world.guarding.by_namespace.get(source.namespace))
    return any(world.joining.running.select(space, source.labels) for space in spaces)


def _described(source: Source) -> str:
    words = [f"with {labelled(source.labels)}"] if source.labels else []
    words += [f"of namespace {source.namespace}"] if source.namespace else []
    return " ".join(words)


def _ports(match: Match | StreamMatch) -> tuple[int, ...]:
    return match.ports


def _name(service: Service, route: RouteSet) -> str:
    return service.hosts[0] if service.hosts else shown(service.name, route.name.namespace)

"""What a mesh says, gathered for a native document: joined, attached, in order, and still under its own names. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from tulle.dialects.istio.hosts import service_name
from tulle.dialects.native.writing.content import Content, Entrance, Offer, Placed, PortPolicies
from tulle.flow import flattening, perspectives
from tulle.flow.absent import SOURCE, Absent
from tulle.flow.entrances import DEFAULT_LISTENER
from tulle.flow.folding import Folded, folded
from tulle.model import hostnames
from tulle.model.documents import BUILT_IN, Origin
from tulle.model.extensions import EnvoyPatches, MeshDefaults, ProxySettings, Scope, Telemetry, WasmPlugin
from tulle.model.listeners import TlsHandling
from tulle.model.mesh import Mesh, Object, Settings
from tulle.model.names import Name
from tulle.model.objects import BackendTls
from tulle.model.routes import Delegate, Match, RouteRule, RouteSet, Source, StreamRule
from tulle.model.security import AccessPolicy, Authorizer, PeerAuthentication, RequestAuthentication
from tulle.model.services import Destination, Entry, Service
from tulle.model.workloads import Template, Workload

Kind = TypeVar("Kind")
Lost = tuple[Origin, str]
NOBODY = Match(source=Source(namespace="nobody"))
"""Keeps a host known that has rules for nobody, and takes nothing from other hosts."""
BESIDE = "which native files cannot say; keep this document beside the file"
_ONLY_ENVOY: tuple[tuple[type[Object], str], ...] = (
    (EnvoyPatches, f"changes Envoy's own configuration, {BESIDE}"),
    (WasmPlugin, f"loads a plugin, {BESIDE}"),
    (ProxySettings, f"sets up single proxies, {BESIDE}"),
)


@dataclass(frozen=True, slots=True)
class Gathered:
    """A content, and what is not in it though it may matter."""

    content: Content
    absent: tuple[Absent, ...] = ()
    """Services that are referred to, and that no document declares."""


def gathered(mesh: Mesh, objects: Iterable[Object]) -> Gathered:
    """Everything that a mesh says; `objects` are what documents said apart from its traffic, used or not."""
    everything = tuple(objects)
    entries = _typed(everything, Entry)
    content = Content(
        settings=_settings(mesh, everything),
        authorizers=_typed(everything, Authorizer),
        entrances=tuple(_entrances(mesh)),
        routes=(*_gateway_routes(mesh), *_mesh_routes(mesh)),
        offers=tuple(_offers(mesh, everything, entries)),
        workloads=tuple(each for each in mesh.workloads.values() if each.is_bare),
        entries=entries,
        access=_typed(everything, AccessPolicy),
        tokens=_typed(everything, RequestAuthentication),
        peers=_oldest_first(_typed(everything, PeerAuthentication)),
        scopes=_typed(everything, Scope),
        logging=_typed(everything, Telemetry),
        templates=tuple(each for each in _typed(everything, Template) if each.name not in mesh.workloads),
        lost=tuple(_lost(mesh, everything)),
    )
    return Gathered(content)


def _settings(mesh: Mesh, objects: tuple[Object, ...]) -> Settings:
    """With the place where they were written, in whatever language."""
    others = [each.origin for each in objects if isinstance(each, MeshDefaults)]
    is_said = mesh.settings.origin is not BUILT_IN or not others
    return mesh.settings if is_said else replace(mesh.settings, origin=others[0])


def unattached(mesh: Mesh, routes: Iterable[RouteSet]) -> tuple[Placed, ...]:
    """Routes that are attached to nothing, as they would be if they were."""
    used = {each.name for group in (mesh.gateway_routes, *mesh.service_routes.values()) for each in group}
    return tuple(
        Placed(namespace=each.name.namespace, hosts=each.hosts or ("*",), rules=_said_by(each))
        for each in routes
        if each.parents and each.name not in used and each.rules
    )


def _said_by(route: RouteSet) -> tuple[RouteRule, ...]:
    rules = tuple(each for each in route.rules if not isinstance(each.action, Delegate))
    return flattening.of_mesh([replace(route, rules=rules, exports=("*",))])


def _typed(objects: Iterable[Object], kind: type[Kind]) -> tuple[Kind, ...]:
    """Those of one type, each name once, by name."""
    found: dict[object, Kind] = {}
    for each in objects:
        if isinstance(each, kind):
            found.setdefault(each.name, each)
    return tuple(each for _, each in sorted(found.items(), key=lambda pair: str(pair[0])))


def _oldest_first(peers: Iterable[PeerAuthentication]) -> tuple[PeerAuthentication, ...]:
    return tuple(sorted(peers, key=lambda each: (each.created, each.name)))


def _entrances(mesh: Mesh) -> Iterator[Entrance]:
    for listener in mesh.listeners.values():
        if listener is DEFAULT_LISTENER:
            continue
        streams = flattening.at_listener(listener, flattening.attached(mesh, listener))
        rest, others = flattening.rest_of(listener, streams)
        yield Entrance(listener=rest, streams=others)


def _gateway_routes(mesh: Mesh) -> Iterator[Placed]:
    for place in sorted(flattening.at_listeners(mesh), key=_by_host):
        if place.is_free:
            for match, rule in place.steps:
                yield Placed(
                    namespace=place.namespace,
                    hosts=place.hosts,
                    listeners=place.listeners,
                    rules=flattening.rules_of([(match, rule)]),
                    is_free=True,
                )
        else:
            yield Placed(
                namespace=place.namespace,
                hosts=place.hosts,
                listeners=place.listeners,
                rules=flattening.rules_of(place.steps),
            )


def _by_host(place: flattening.Place) -> tuple[bool, tuple[str, ...], tuple[str, ...]]:
    """What is for every host comes last."""
    return "*" in place.hosts, place.hosts, place.listeners


def _mesh_routes(mesh: Mesh) -> Iterator[Placed]:
    """Rules for hosts that no service has."""
    own = {host for service in mesh.services.values() for host in service.full_hosts}
    groups: dict[tuple[tuple[RouteRule, ...], tuple[StreamRule, ...]], list[str]] = {}
    for host, sets in sorted(mesh.host_routes.items()):
        if host not in own:
            rules, streams = flattening.of_mesh(sets), flattening.streams_of_mesh(sets)
            if not rules and not streams:
                rules = flattening.rules_of([flattening.nothing(sets[0], NOBODY)])
            groups.setdefault((rules, streams), []).append(host)
    for (rules, streams), hosts in groups.items():
        space = mesh.host_routes[hosts[0]][0].name.namespace
        yield Placed(namespace=space, hosts=tuple(hosts), is_mesh=True, rules=rules, streams=streams)


def _offers(mesh: Mesh, objects: tuple[Object, ...], entries: tuple[Entry, ...]) -> Iterator[Offer]:
    ran: dict[Name, list[Workload]] = {}
    for workload in mesh.workloads.values():
        if not workload.is_bare:
            ran.setdefault(workload.service, []).append(workload)
    for service in _declared(mesh).values():
        found = folded(service, entries, mesh.settings)
        yield _offer(mesh, found, tuple(ran.get(service.name, ())), is_declared=True)
    for name, destinations in _only_spoken_of(mesh, objects).items():
        origin = destinations[0].origin if destinations else mesh.service_routes[name][0].origin
        bare = Service(name=name, origin=origin, ports=(), account=name.name, destinations=destinations)
        found = folded(bare, (), mesh.settings)
        spoken = replace(found, port_policies=_said(destinations))
        yield _offer(mesh, spoken, (), is_declared=False)


def _said(destinations: tuple[Destination, ...]) -> PortPolicies:
    return tuple(sorted(dict(pair for each in destinations for pair in each.port_policies).items()))


def _offer(mesh: Mesh, found: Folded, workloads: tuple[Workload, ...], *, is_declared: bool) -> Offer:
    service = found.service
    sets = _sets(mesh, service)
    rules, streams = flattening.of_mesh(sets), flattening.streams_of_mesh(sets)
    return Offer(
        service=service,
        port_policies=found.port_policies,
        rules=rules,
        streams=streams,
        workloads=workloads,
        is_declared=is_declared,
        origins=(*found.origins, *(each.origin for each in sets)),
    )


def _declared(mesh: Mesh) -> dict[Name, Service]:
    return {name: each for name, each in mesh.services.items() if each.origin.source != SOURCE}


def _only_spoken_of(mesh: Mesh, objects: Iterable[Object]) -> dict[Name, tuple[Destination, ...]]:
    """Services that nobody declares, with what is said about how they are treated."""
    declared = _declared(mesh)
    found: dict[Name, tuple[Destination, ...]] = {name: () for name in mesh.service_routes if name not in declared}
    for each in _typed(objects, Destination):
        name = service_name(each.host)
        if name is not None and name not in declared and "*" not in each.host:
            found[name] = (*found.get(name, ()), each)
    return found


def _lost(mesh: Mesh, objects: tuple[Object, ...]) -> Iterator[Lost]:
    """What no native document can say, or says only for some."""
    for kind, why in _ONLY_ENVOY:
        for each in _typed(objects, kind):
            yield each.origin, why
    yield from _lost_destinations(mesh, objects)
    yield from _lost_encryption(mesh, objects)
    yield from _lost_order(mesh)
    for listener in mesh.listeners.values():
        if listener.tls is TlsHandling.AUTO_PASSTHROUGH:
            yield listener.origin, f"sends connections on by the cluster in their server name, {BESIDE}"
    yield from _moved_ports(mesh)


def _lost_destinations(mesh: Mesh, objects: tuple[Object, ...]) -> Iterator[Lost]:
    used = {each.name for service in mesh.services.values() for each in service.destinations}
    for service in _declared(mesh).values():
        for each in folded(service, (), mesh.settings).others:
            yield each.origin, f"is for some callers of {service.name} only; native files say it for all of them"
    for each in _typed(objects, Destination):
        if each.name not in used and (service_name(each.host) is None or "*" in each.host):
            yield each.origin, f"is about {each.host}, which no service of these files has"


def _lost_encryption(mesh: Mesh, objects: tuple[Object, ...]) -> Iterator[Lost]:
    declared = _declared(mesh)
    for each in _typed(objects, BackendTls):
        for kind, name, _ in each.targets:
            if kind == "Service" and Name(each.name.namespace, name) not in declared:
                yield each.origin, f"is about service {name}, which none of these files declares"


def _lost_order(mesh: Mesh) -> Iterator[Lost]:
    """Rules of several documents that are merged in another order for some callers."""
    why = "has rules that other documents have too, in an order that depends on who calls"
    for service in mesh.services.values():
        sets, ports = _sets(mesh, service), [port.number for port in service.ports]
        wider = _wider(mesh, service.full_hosts)
        listed = _listed(service.name, sets)
        if sets and not perspectives.is_same([*sets, *_all(wider)], [listed, *_as_written(wider)], ports):
            yield service.origin, why
    for host, found in mesh.host_routes.items():
        wider = _wider(mesh, (host,))
        after = _as_written({host: found, **wider})
        if not perspectives.is_same([*found, *_all(wider)], after, ()):
            yield found[0].origin, why


RulesByHost = Mapping[str, tuple[RouteSet, ...]]


def _wider(mesh: Mesh, hosts: Iterable[str]) -> RulesByHost:
    """Rules for wildcards that cover these hosts, and are not only one of them."""
    known = dict.fromkeys(wide for host in hosts for wide in hostnames.wildcards(host))
    return {wide: mesh.host_routes[wide] for wide in known if wide in mesh.host_routes}


def _all(rules: RulesByHost) -> list[RouteSet]:
    return list(dict.fromkeys(each for sets in rules.values() for each in sets))


def _as_written(rules: RulesByHost) -> list[RouteSet]:
    """One list for each host, under the name that it will have."""
    return [_listed(Name(sets[0].name.namespace, f"{host}/"), sets) for host, sets in rules.items()]


def _listed(name: Name, sets: Iterable[RouteSet]) -> RouteSet:
    return RouteSet(name=name, origin=BUILT_IN, rules=flattening.of_mesh(sets), by_specificity=False)


def _sets(mesh: Mesh, service: Service) -> list[RouteSet]:
    return [*mesh.service_routes.get(service.name, ()), *flattening.own_sets(mesh, service.full_hosts)]


def _moved_ports(mesh: Mesh) -> Iterator[Lost]:
    """Policies of the gateway mean ports as documents have them; native listeners have one number."""
    if mesh.gateway_guard is None or not any(each.declared_port for each in mesh.listeners.values()):
        return
    for policy in mesh.gateway_guard.access:
        if any(operation.ports for rule in policy.rules for operation in rule.operations):
            yield policy.origin, "names ports of the gateway as they were before they were moved up by 8000"

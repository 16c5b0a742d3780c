"""What a mesh says, gathered for a native document: joined, attached, in order, and still under its own names. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TypeVar

from tulle.dialects.istio.hosts import service_name
from tulle.dialects.native.writing import document
from tulle.dialects.native.writing.content import Content, Entrance, Offer, Placed, PortPolicies
from tulle.flow import flattening
from tulle.flow.absent import SOURCE
from tulle.flow.entrances import DEFAULT_LISTENER
from tulle.flow.folding import Folded, folded
from tulle.flow.guarding import SERVICES
from tulle.flow.shared_ports import shared
from tulle.model import hostnames
from tulle.model.documents import BUILT_IN
from tulle.model.extensions import MeshDefaults, Scope, Telemetry
from tulle.model.guards import Guard
from tulle.model.listeners import Listener
from tulle.model.mesh import Mesh, Object, Settings
from tulle.model.names import SYSTEM_NAMESPACE, Name
from tulle.model.routes import Redirect, RouteRule, RouteSet, StreamRule, specificity
from tulle.model.security import (
    LISTENER,
    AccessPolicy,
    Authorizer,
    PeerAuthentication,
    RequestAuthentication,
    Target,
)
from tulle.model.services import Destination, Entry, Service
from tulle.model.workloads import Template, Workload

Kind = TypeVar("Kind")
Targeted = TypeVar("Targeted", AccessPolicy, RequestAuthentication, Telemetry)
GATEWAYS = frozenset(("Gateway", "GatewayClass"))


def gathered(mesh: Mesh, objects: Iterable[Object]) -> Content:
    """Everything that a mesh says; `objects` are what documents said apart from its traffic, used or not."""
    everything = tuple(objects)
    entries, routes = typed(everything, Entry), tuple(_gateway_routes(mesh))
    return Content(
        settings=_settings(mesh, everything),
        authorizers=typed(everything, Authorizer),
        entrances=tuple(_entrances(mesh, routes)),
        routes=(*routes, *_mesh_routes(mesh)),
        offers=tuple(_offers(mesh, everything, entries)),
        workloads=tuple(each for each in mesh.workloads.values() if each.is_bare),
        entries=entries,
        access=tuple(targeted(mesh, typed(everything, AccessPolicy))),
        tokens=tuple(targeted(mesh, typed(everything, RequestAuthentication))),
        peers=_oldest_first(typed(everything, PeerAuthentication)),
        scopes=typed(everything, Scope),
        logging=tuple(targeted(mesh, typed(everything, Telemetry))),
        templates=tuple(each for each in typed(everything, Template) if each.name not in mesh.workloads),
    )


def _settings(mesh: Mesh, objects: tuple[Object, ...]) -> Settings:
    """With the place where they were written, in whatever language."""
    others = [each.origin for each in objects if isinstance(each, MeshDefaults)]
    is_said = mesh.settings.origin is not BUILT_IN or not others
    return mesh.settings if is_said else replace(mesh.settings, origin=others[0])


def typed(objects: Iterable[Object], kind: type[Kind]) -> tuple[Kind, ...]:
    """Those of one type, each name once, by name."""
    found: dict[object, Kind] = {}
    for each in objects:
        if isinstance(each, kind):
            found.setdefault(each.name, each)
    return tuple(each for _, each in sorted(found.items(), key=lambda pair: str(pair[0])))


def targeted(mesh: Mesh, policies: Iterable[Targeted]) -> Iterator[Targeted]:
    """Policies with the services and listeners that they are attached to, without those attached to nothing of it."""
    for each in policies:
        targets = tuple(dict.fromkeys(_targets(mesh, each)))
        if targets or not each.targets:
            yield each if targets == each.targets else replace(each, targets=targets)


def _targets(mesh: Mesh, policy: Targeted) -> Iterator[Target]:
    for target in policy.targets:
        if target.kind in SERVICES:
            yield replace(target, kind="Service")
        elif target.kind == LISTENER:
            yield target
    if not any(target.kind in GATEWAYS for target in policy.targets):
        return
    told = shared(mesh.listeners.values())
    for listener in mesh.listeners.values():
        guard = mesh.gateway_guards.get(listener.gateway) if listener.gateway is not None else None
        if guard is not None and policy.name in _attached_to(guard, type(policy)):
            yield Target(kind=LISTENER, name=Name(SYSTEM_NAMESPACE, told.owners.get(listener.id, listener.id)))


def _attached_to(guard: Guard, kind: type[Targeted]) -> set[Name]:
    """What of a kind is said to a gateway by name; keys that were fetched may have changed what was written."""
    said = (*guard.access, *guard.tokens, *guard.telemetry)
    return {each.name for each in said if isinstance(each, kind) and each.targets}


def _oldest_first(peers: Iterable[PeerAuthentication]) -> tuple[PeerAuthentication, ...]:
    return tuple(sorted(peers, key=lambda each: (each.created, each.name)))


def _entrances(mesh: Mesh, routes: Iterable[Placed]) -> Iterator[Entrance]:
    speaks, told = _speaks_of_ports(mesh, routes), shared(mesh.listeners.values())
    for listener in told.listeners.values():
        if listener is DEFAULT_LISTENER:
            continue
        streams = flattening.at_listener(listener, flattening.attached(mesh, listener))
        rest, others = flattening.rest_of(mesh, listener, streams)
        yield Entrance(
            listener=plain(rest if speaks else replace(rest, declared_port=0)),
            streams=others,
            origins=told.origins.get(listener.id, ()),
        )


def plain(listener: Listener) -> Listener:
    """With a certificate for every name, if the only one is for all that it serves."""
    served = {each.host for each in listener.hosts}
    if len(listener.certificates) != 1 or set(listener.certificates[0].hosts) != served:
        return listener
    return replace(listener, certificates=(replace(listener.certificates[0], hosts=()),))


def _speaks_of_ports(mesh: Mesh, routes: Iterable[Placed]) -> bool:
    """Whether it makes a difference by which ports clients know the gateway."""
    if any(each.redirect_to_https is not None for each in mesh.listeners.values()):
        return True
    if any(isinstance(rule.action, Redirect) for each in routes for rule in each.rules):
        return True
    rules = [rule for guard in mesh.all_gateway_guards for policy in guard.access for rule in policy.rules]
    return any(
        any(each.ports for each in rule.operations) or any(each.key == "destination.port" for each in rule.conditions)
        for rule in rules
    )


def _gateway_routes(mesh: Mesh) -> Iterator[Placed]:
    for place in sorted(flattening.at_listeners(mesh), key=_by_host):
        yield from placed(place)


def placed(place: flattening.Place) -> list[Placed]:
    """Single routes, if their order says nothing, or one with rules in their order."""
    groups = [[step] for step in place.steps] if place.is_free else [place.steps]
    found = [
        Placed(
            namespace=place.namespace,
            hosts=place.hosts,
            listeners=place.listeners,
            rules=flattening.rules_of(steps),
            is_free=place.is_free,
        )
        for steps in groups
    ]
    # Of equally specific ones, as they are read again: by name.
    return sorted(found, key=_as_read) if place.is_free else found


def _as_read(route: Placed) -> tuple[tuple[int, ...], str]:
    rank = tuple(-each for each in specificity(route.rules[0].matches[0]))
    return rank, document.route_key(route)[1].name


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
                rules = flattening.rules_of([flattening.nothing(sets[0], flattening.NOBODY)])
            groups.setdefault((rules, streams), []).append(host)
    for (rules, streams), hosts in groups.items():
        space = mesh.host_routes[hosts[0]][0].name.namespace
        yield Placed(namespace=space, hosts=tuple(hosts), is_mesh=True, rules=rules, streams=streams)


def _offers(mesh: Mesh, objects: tuple[Object, ...], entries: tuple[Entry, ...]) -> Iterator[Offer]:
    ran: dict[Name, list[Workload]] = {}
    for workload in mesh.workloads.values():
        if not workload.is_bare:
            ran.setdefault(workload.service, []).append(workload)
    for service in declared(mesh).values():
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
    sets = mesh_sets(mesh, service)
    wider = [each for found in wider_rules(mesh, service.full_hosts).values() for each in found]
    if is_declared and len(service.ports) == 1:
        sets, wider = ([_at_only_port(each, service.ports[0].number) for each in group] for group in (sets, wider))
    rules, streams = flattening.of_service(sets, wider), flattening.streams_of_mesh(sets)
    return Offer(
        service=service,
        port_policies=found.port_policies,
        rules=rules,
        streams=streams,
        workloads=workloads,
        is_declared=is_declared,
        origins=(*found.origins, *(each.origin for each in sets)),
    )


def _at_only_port(route_set: RouteSet, port: int) -> RouteSet:
    """Rules that do not ask for the port that every call is to."""
    rules = tuple(
        replace(rule, matches=tuple(replace(it, ports=()) if it.ports == (port,) else it for it in rule.matches))
        if any(it.ports == (port,) for it in rule.matches)
        else rule
        for rule in route_set.rules
    )
    own = None if route_set.service_port == port else route_set.service_port
    return replace(route_set, rules=rules, service_port=own)


def declared(mesh: Mesh) -> dict[Name, Service]:
    """The services without those that only stand in for others."""
    return {name: each for name, each in mesh.services.items() if each.origin.source != SOURCE}


def _only_spoken_of(mesh: Mesh, objects: Iterable[Object]) -> dict[Name, tuple[Destination, ...]]:
    """Services that nobody declares, with what is said about how they are treated."""
    known = declared(mesh)
    found: dict[Name, tuple[Destination, ...]] = {name: () for name in mesh.service_routes if name not in known}
    for each in typed(objects, Destination):
        name = service_name(each.host)
        if name is not None and name not in known and "*" not in each.host:
            found[name] = (*found.get(name, ()), each)
    return found


def wider_rules(mesh: Mesh, hosts: Iterable[str]) -> dict[str, tuple[RouteSet, ...]]:
    """Rules for wildcards that cover these hosts, and are not only one of them."""
    known = dict.fromkeys(wide for host in hosts for wide in hostnames.wildcards(host))
    return {wide: mesh.host_routes[wide] for wide in known if wide in mesh.host_routes}


def mesh_sets(mesh: Mesh, service: Service) -> list[RouteSet]:
    """Rules for calls to a service, without those for wildcards."""
    return [*mesh.service_routes.get(service.name, ()), *flattening.own_sets(mesh, service.full_hosts)]

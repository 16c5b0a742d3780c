"""Whom a proxy asks itself to enforce a guard: external authorizers, and servers that have the keys of issuers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tulle.envoy import issuers, scope
from tulle.envoy.actions import Destinations
from tulle.envoy.callers import Caller
from tulle.envoy.edge_traces import COLLECTOR
from tulle.envoy.hosts import cluster_resources
from tulle.envoy.scope import Target
from tulle.model.guards import Guard
from tulle.model.listeners import Listener
from tulle.model.mesh import Mesh
from tulle.model.names import Name
from tulle.model.routes import Backend
from tulle.model.security import AccessAction, Authorizer
from tulle.xds.snapshot import Resource


@dataclass(frozen=True, slots=True)
class Consulted:
    """Them all."""

    names: tuple[tuple[str, str], ...] = ()
    """Their clusters, by `authorizer` or `issuer`; what a `Chain` takes. Who is missing cannot be asked."""
    clusters: tuple[Resource, ...] = ()


NOBODY = Consulted()


def consulted(mesh: Mesh, guard: Guard, caller: Caller) -> Consulted:
    """Whom the proxy with this guard asks, as far as they exist; it calls them as its workload would."""
    found = dict(_found(mesh, guard, caller))
    if not found:
        return NOBODY
    names = tuple((key, resource.name) for key, resource in found.items())
    return Consulted(names, tuple({each.name: each for each in found.values()}.values()))


def with_collectors(found: Consulted, mesh: Mesh, listeners: Iterable[Listener], caller: Caller) -> Consulted:
    """And those to whom traces of requests are sent."""
    observed = (each.entrance.observed.traces for each in listeners if each.entrance is not None)
    collectors = dict.fromkeys(each.collector for each in observed if each is not None)
    services = [mesh.services[name] for name in collectors if name in mesh.services]
    wanted = [Backend(service=each.name, port=each.ports[0].number, origin=each.origin) for each in services]
    resources = tuple(resource for each in wanted for resource in _clusters(mesh, caller, each))
    if not resources:
        return found
    names = tuple((COLLECTOR, each.name) for each in resources)
    return Consulted((*found.names, *names), (*found.clusters, *resources))


def backends(guard: Guard) -> tuple[Backend, ...]:
    """The services that a guard refers to: if one of them changes, its proxy may need something else."""
    return tuple(each.check.backend for each in asked(guard))


def dependencies(mesh: Mesh, guard: Guard) -> frozenset[Name]:
    """Names of services (and of hosts, as `scope.host_key`) whose change may change what `consulted` gives."""
    namespace = guard.workload.namespace
    issuing = (scope.dependencies(mesh, namespace, place.authority) for _, place in _places(guard))
    return frozenset(each.service for each in backends(guard)).union(*issuing)


def asked(guard: Guard) -> list[Authorizer]:
    """The authorizers that policies name."""
    wanted = {each.provider for each in guard.access if each.action is AccessAction.CUSTOM}
    return [each for each in guard.authorizers if each.name in wanted]


def authorizer(name: str) -> str:
    """What the cluster of an authorizer is found by."""
    return f"authorizer {name}"


def issuer(uri: str) -> str:
    """What the cluster of a server with keys is found by."""
    return f"issuer {uri}"


def _found(mesh: Mesh, guard: Guard, caller: Caller) -> Iterator[tuple[str, Resource]]:
    for each in asked(guard):
        for resource in _clusters(mesh, caller, each.check.backend):
            yield authorizer(each.name), resource
    for uri, place in _places(guard):
        inside = scope.resolve(mesh, guard.workload.namespace, place.authority)
        if isinstance(inside, Target) and place.scheme == "http":
            service, number = inside.service, inside.port.number
            backend = Backend(service=service.name, port=number, origin=service.origin)
            for resource in _clusters(mesh, caller, backend):
                yield issuer(uri), resource
        else:
            yield issuer(uri), issuers.cluster(mesh.settings, place)


def _clusters(mesh: Mesh, caller: Caller, backend: Backend) -> tuple[Resource, ...]:
    """The cluster by which the caller itself reaches a service; none if there is nothing of that name."""
    known = {name: mesh.services[name] for name in (backend.service,) if name in mesh.services}
    to = Destinations(known, caller=caller, root_namespace=mesh.settings.root_namespace)
    return cluster_resources([backend], to, mesh.settings.trust_domain)


def _places(guard: Guard) -> Iterator[tuple[str, issuers.Place]]:
    uris = dict.fromkeys(rule.jwks_uri for policy in guard.tokens for rule in policy.rules if rule.jwks_uri)
    for uri in uris:
        place = issuers.place(uri)
        if place is not None:
            yield uri, place

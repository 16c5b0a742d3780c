"""Whom a proxy asks itself to enforce a guard: external authorizers, and servers that have the keys of issuers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tulle.envoy import clusters, issuers, scope
from tulle.envoy.callers import Caller
from tulle.envoy.scope import Target
from tulle.envoy.treatments import treatment
from tulle.model.guards import Guard
from tulle.model.mesh import Mesh
from tulle.model.names import GATEWAY, Name
from tulle.model.routes import Backend
from tulle.model.security import AccessAction, Authorizer
from tulle.model.services import Port, Service
from tulle.xds.snapshot import Resource


@dataclass(frozen=True, slots=True)
class Consulted:
    """Them all."""

    names: tuple[tuple[str, str], ...] = ()
    """Their clusters, by `authorizer` or `issuer`; what a `Chain` takes. Who is missing cannot be asked."""
    clusters: tuple[Resource, ...] = ()


NOBODY = Consulted()


def consulted(mesh: Mesh, guard: Guard) -> Consulted:
    """Whom the proxy with this guard asks, as far as they exist."""
    found = dict(_found(mesh, guard))
    if not found:
        return NOBODY
    names = tuple((key, resource.name) for key, resource in found.items())
    return Consulted(names, tuple({each.name: each for each in found.values()}.values()))


def backends(guard: Guard) -> tuple[Backend, ...]:
    """The services that a guard refers to: if one of them changes, its proxy may need something else."""
    return tuple(each.check.backend for each in asked(guard))


def dependencies(mesh: Mesh, guard: Guard) -> frozenset[Name]:
    """Names of services whose change may change what `consulted` gives."""
    names = {each.service for each in backends(guard)}
    for place in _places(guard):
        found = scope.resolve(mesh, guard.workload.namespace, place[1].authority)
        if isinstance(found, Target):
            names.add(found.service.name)
    return frozenset(names)


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


def _found(mesh: Mesh, guard: Guard) -> Iterator[tuple[str, Resource]]:
    for each in asked(guard):
        backend = each.check.backend
        service = mesh.services.get(backend.service)
        port = service.port(backend.port) if service else None
        if service is not None and port is not None:
            resource = _cluster(mesh, guard, service, port, backend.subset or "")
            if resource is not None:
                yield authorizer(each.name), resource
    for uri, place in _places(guard):
        inside = scope.resolve(mesh, guard.workload.namespace, place.authority)
        if isinstance(inside, Target) and place.scheme == "http":
            resource = _cluster(mesh, guard, inside.service, inside.port, "")
            if resource is not None:
                yield issuer(uri), resource
        else:
            yield issuer(uri), issuers.cluster(mesh.settings, place)


def _cluster(mesh: Mesh, guard: Guard, service: Service, port: Port, subset: str) -> Resource | None:
    """How the workload itself calls a service; None if there is no such subset."""
    settings = mesh.settings
    namespace = GATEWAY.namespace if guard.service == GATEWAY else guard.workload.namespace
    caller = Caller(namespace=namespace, account=guard.account, labels=guard.labels)
    found = treatment(service, port, subset, caller, settings.root_namespace)
    return None if found is None else clusters.service_cluster(service, port, subset, found, settings.trust_domain)


def _places(guard: Guard) -> Iterator[tuple[str, issuers.Place]]:
    uris = dict.fromkeys(rule.jwks_uri for policy in guard.tokens for rule in policy.rules if rule.jwks_uri)
    for uri in uris:
        place = issuers.place(uri)
        if place is not None:
            yield uri, place

"""Virtual hosts of sidecars: one per port of a service and namespace of callers, and one per other authority."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias
from weakref import ref

from envoy.config.route.v3 import route_components_pb2

from tulle.envoy import clusters, naming, references, replies, retries, scope
from tulle.envoy.actions import Destinations
from tulle.envoy.callers import Caller
from tulle.envoy.routes import compile_routes, in_order
from tulle.kit.memo import remember
from tulle.model.documents import Origin
from tulle.model.mesh import Settings
from tulle.model.names import Name
from tulle.model.routes import Backend, Forward, Match, RouteRule, RouteSet
from tulle.model.services import Port, Service
from tulle.xds.snapshot import Resource, encode

VirtualHost: TypeAlias = route_components_pb2.VirtualHost
UPGRADE: TypeAlias = route_components_pb2.RouteAction.UpgradeConfig
EVERY_REQUEST = Match()
STANDARD_RETRY = retries.policy(retries.DEFAULT)
OUTSIDE_RETRY = retries.policy(retries.DEFAULT)
"""Servers outside the mesh could say what only our sidecars may: that they have not seen a request."""
OUTSIDE_RETRY.retry_on = ",".join(retries.SAFE)
OUTSIDE_RETRY.ClearField("retriable_headers")


@dataclass(frozen=True, slots=True)
class Compiled:
    """A virtual host and all clusters that its requests may go to."""

    host: Resource
    clusters: tuple[Resource, ...] = ()


@remember(size=256)
def service_host(
    service: Service,
    port: Port,
    caller: Caller,
    sets: tuple[RouteSet, ...],
    backends: tuple[ref[Service], ...],
    denied: frozenset[Name],
    settings: Settings,
) -> Compiled:
    """One port of a service, as a kind of callers reaches it.

    `caller` is what they have in common (`treatments.seen`), `sets` are the rules for calls to it, `backends` the other
    services that they refer to (weakly, so that remembered results keep no service alive), `denied` those of all of
    them that the caller may not call.
    """
    namespace = caller.namespace
    name = naming.service_host(namespace, service, port)
    others = (backend() for backend in backends)
    known = {each.name: each for each in (*others, service) if each is not None}
    to = Destinations(known, denied, (service.name, port.number), caller, settings.root_namespace)
    own = Backend(service=service.name, port=port.number, origin=service.origin)
    used: list[Backend] = []
    if service.name in denied:
        plain, tunnel = replies.everything(replies.respond(403, f'service "{service.name}" does not allow this caller'))
        # gRPC shows nothing of a refused CONNECT; within the tunnel it gets the status and the reason.
        routes = [plain, _tunnel(naming.CONNECT) if port.protocol.is_http else tunnel]
    elif port.protocol.is_http:
        rest = RouteRule(name="", origin=service.origin, matches=(EVERY_REQUEST,), action=Forward(backends=(own,)))
        steps = [*in_order(sets), (EVERY_REQUEST, rest)]
        routes = [*compile_routes(steps, to), _tunnel(naming.CONNECT)]
        used = [own, *(backend for each in sets for backend in references.backends(each))]
    else:
        routes = [_tunnel(to.cluster(own)), _not_http(service, port)]
        used = [own]
    found = cluster_resources(used, to, settings.trust_domain)
    if port.protocol.is_http:
        found = (*found, clusters.connect_cluster(settings))
    domains = scope.domains(service, port, namespace)
    message = VirtualHost(name=name, domains=domains, routes=routes, retry_policy=STANDARD_RETRY)
    origins = (service.origin, *(each.origin for each in sets))
    return Compiled(_encoded(message, namespace, domains, origins=origins), found)


def cluster_resources(used: list[Backend], to: Destinations, trust_domain: str) -> tuple[Resource, ...]:
    """The clusters of all backends that exist and may be called."""
    found: dict[str, Resource] = {}
    for backend in used:
        port, treated = to.port(backend), to.treatment(backend)
        if port is not None and treated is not None and to.refusal(backend) is None:
            service = to.services[backend.service]
            resource = clusters.service_cluster(service, port, backend.subset or "", treated, trust_domain)
            found[resource.name] = resource
    return tuple(found.values())


@remember(size=4096)
def outside_host(settings: Settings, namespace: str, authority: str) -> Compiled:
    """A host outside the mesh: passed on, or refused if only known hosts may be called."""
    name = naming.virtual_host(naming.outbound_routes(namespace), authority)
    message = VirtualHost(name=name, domains=[authority])
    if not settings.allow_outside:
        reason = f'"{authority}" is outside the mesh, and workloads may only call services of the mesh'
        message.routes.extend(replies.everything(replies.respond(502, reason)))
        return Compiled(encode(name, message, origins=(settings.origin,)))
    plain = route_components_pb2.Route()
    plain.match.prefix = "/"
    plain.route.cluster = naming.OUTSIDE
    plain.route.timeout.SetInParent()
    message.routes.extend((plain, _tunnel(naming.OUTSIDE)))
    message.retry_policy.CopyFrom(OUTSIDE_RETRY)
    return Compiled(encode(name, message, origins=(settings.origin,)), (clusters.outside_cluster(settings),))


@remember(size=4096)
def unknown_host(settings: Settings, namespace: str, authority: str, reason: str) -> Compiled:
    """An authority that looks like a service of the mesh and is none."""
    name = naming.virtual_host(naming.outbound_routes(namespace), authority)
    is_host = scope.is_authority(authority)
    # What is no host name could be a pattern (`*`) that would catch the requests of others.
    domain = authority if is_host else f"{name.encode().hex()[:120]}.invalid"
    message = VirtualHost(name=name, domains=[domain], routes=replies.everything(replies.respond(404, reason)))
    return Compiled(encode(name, message, origins=(settings.origin,)))


@remember(size=1024)
def placeholder(settings: Settings, namespace: str) -> Resource:
    """Always there: until the first virtual host has come, Envoy does not open its listener."""
    name = naming.virtual_host(naming.outbound_routes(namespace), naming.PLACEHOLDER)
    message = VirtualHost(name=name, domains=[f"{naming.PLACEHOLDER}.invalid"])
    return encode(name, message, origins=(settings.origin,))


def _encoded(
    message: VirtualHost, namespace: str, domains: tuple[str, ...], *, origins: tuple[Origin, ...]
) -> Resource:
    routes = naming.outbound_routes(namespace)
    aliases = tuple(naming.virtual_host(routes, domain) for domain in domains)
    return encode(message.name, message, aliases=aliases, origins=origins)


def _tunnel(cluster: str) -> route_components_pb2.Route:
    """End a CONNECT here and send its bytes on."""
    message = route_components_pb2.Route()
    message.match.connect_matcher.SetInParent()
    message.route.cluster = cluster
    message.route.timeout.SetInParent()
    upgrade = UPGRADE(upgrade_type="CONNECT")
    upgrade.connect_config.SetInParent()
    message.route.upgrade_configs.append(upgrade)
    return message


def _not_http(service: Service, port: Port) -> route_components_pb2.Route:
    reason = f'port {port.number} of service "{service.name.name}" speaks {port.protocol}, not HTTP; use CONNECT'
    message = replies.respond(502, reason)
    message.match.prefix = "/"
    return message

"""Virtual hosts of sidecars: one per port of a service and namespace of callers, and one per other authority."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import TypeAlias
from weakref import ref

from envoy.config.route.v3 import route_components_pb2

from tulle.envoy import clusters, naming, replies, retries, scope, streams, transport
from tulle.envoy.actions import Destinations
from tulle.envoy.attempts import attempt
from tulle.envoy.callers import Caller
from tulle.envoy.references import backends, request_backends, stream_backends
from tulle.envoy.routes import Step, compile_routes, in_order
from tulle.envoy.streams import Vantage
from tulle.envoy.treatments import Treatment
from tulle.kit.memo import remember
from tulle.model.documents import Origin
from tulle.model.hostnames import covers
from tulle.model.hostnames import plain as plain_host
from tulle.model.mesh import Settings
from tulle.model.names import Name
from tulle.model.policies import Tunnel
from tulle.model.routes import Backend, Forward, Match, Respond, RouteRule, RouteSet
from tulle.model.services import Port, Protocol, Service
from tulle.xds.snapshot import VIRTUAL_HOST, Resource, encode

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


@dataclass(frozen=True, slots=True)
class Rules:
    """What decides about the calls to one host."""

    sets: tuple[RouteSet, ...]
    """Rules for the caller (`views.for_caller`)."""
    backends: tuple[ref[Service], ...]
    """The other services that they refer to (weakly, so that remembered results keep no service alive)."""
    denied: frozenset[Name] = frozenset()
    """Services that the caller may not call."""

    def known(self) -> dict[Name, Service]:
        """The services by name, as far as they still exist."""
        return {each.name: each for reference in self.backends if (each := reference()) is not None}

    @property
    def origins(self) -> tuple[Origin, ...]:
        """Where they were written."""
        return tuple(each.origin for each in self.sets)


@remember(size=256)
def service_host(
    service: Service, port: Port, caller: Caller, authority: str, rules: Rules, settings: Settings
) -> Compiled:
    """One port of a service, as a kind of callers reaches it.

    `caller` is what they have in common (`treatments.seen`); `authority` is empty, unless the service shares the host
    that was asked for with others (`scope.Target`).
    """
    namespace = caller.namespace
    routes_name = naming.outbound_routes(namespace)
    name = naming.virtual_host(routes_name, authority) if authority else naming.service_host(namespace, service, port)
    called = (service.name, port.number)
    known = {**rules.known(), service.name: service}
    to = Destinations(known, rules.denied, called, caller, settings.root_namespace)
    own = Backend(service=service.name, port=port.number, origin=service.origin)
    is_http = speaks_http(port, to.treatment(own))
    domains = (authority,) if authority else scope.domains(service, port, namespace)
    origins = (service.origin, *rules.origins)

    def compiled() -> Resource:
        routes = _routes(service, port, own, rules, to, is_http=is_http, host=plain_host(domains[0]))
        retry = OUTSIDE_RETRY if service.is_outside else STANDARD_RETRY
        message = VirtualHost(name=name, domains=domains, routes=routes, retry_policy=retry)
        return _encoded(message, namespace, domains, origins=origins)

    used: list[Backend] = []
    if service.name not in rules.denied:
        used = [own, *chain.from_iterable(map(request_backends if is_http else stream_backends, rules.sets))]
    found = cluster_resources(used, to, settings.trust_domain)
    if is_http:
        found = (*found, clusters.connect_cluster(settings))
    return Compiled(attempt(VIRTUAL_HOST, name, origins, compiled), found)


def _routes(
    service: Service, port: Port, own: Backend, rules: Rules, to: Destinations, *, is_http: bool, host: str
) -> list[route_components_pb2.Route]:
    """Those of one port of a service; `host` is what tunnels to it ask for."""
    if service.name in rules.denied:
        plain, tunnel = replies.everything(replies.respond(403, f'service "{service.name}" does not allow this caller'))
        # gRPC shows nothing of a refused CONNECT; within the tunnel it gets the status and the reason.
        return [plain, connected(naming.CONNECT) if is_http else tunnel]
    if is_http:
        return [*compile_routes([*in_order(rules.sets), _rest(service, own, rules)], to), connected(naming.CONNECT)]
    stream = _stream(rules.sets, port, host, to) or streams.passed_on((own,), to)
    return [connected(*stream.shares, through=stream.handling.tunnel), _not_http(service, port)]


def _rest(service: Service, own: Backend, rules: Rules) -> Step:
    """What becomes of calls that no rule matches."""
    action: Forward | Respond = Forward(backends=(own,))
    if any(each.rules and each.is_complete for each in rules.sets):
        reason = f'no rule for service "{service.name}" matches the request'
        action = Respond(status=404, body=f"{reason}\n", headers=((naming.REASON_HEADER, reason),))
    return EVERY_REQUEST, RouteRule(name="", origin=service.origin, matches=(EVERY_REQUEST,), action=action)


@remember(size=1024)
def ruled_host(settings: Settings, authority: str, host: str, port: int, caller: Caller, rules: Rules) -> Compiled:
    """A host that no service has: rules alone say where its calls go."""
    name = naming.virtual_host(naming.outbound_routes(caller.namespace), authority)
    to = Destinations(rules.known(), rules.denied, (Name("", host), port), caller, settings.root_namespace)

    def compiled() -> Resource:
        rest = replies.respond(404, f'no rule for "{host}" matches the request')
        rest.match.prefix = "/"
        stream = _stream(rules.sets, Port(name="", number=port), host, to)
        tunnel = (
            connected(*stream.shares, through=stream.handling.tunnel)
            if stream is not None
            else connected(naming.CONNECT)
        )
        routes = [*compile_routes(in_order(rules.sets), to), rest, tunnel]
        message = VirtualHost(name=name, domains=[authority], routes=routes, retry_policy=OUTSIDE_RETRY)
        return encode(name, message, origins=rules.origins)

    used = list(chain.from_iterable(map(backends, rules.sets)))
    found = (*cluster_resources(used, to, settings.trust_domain), clusters.connect_cluster(settings))
    return Compiled(attempt(VIRTUAL_HOST, name, rules.origins, compiled), found)


def speaks_http(port: Port, treated: Treatment | None) -> bool:
    """Whether requests can be sent there one by one: by its protocol, or because TLS is made for those who call."""
    if port.protocol.is_http:
        return True
    return port.protocol is Protocol.TLS and treated is not None and bool(transport.originates(port, treated.policy))


def _stream(sets: tuple[RouteSet, ...], port: Port, host: str, to: Destinations) -> streams.Stream | None:
    """Where rules send the bytes of a tunnel: its host stands for the server name that will be asked for within."""
    vantage = Vantage(ports=(port.number,), is_decided=True)
    for stream in streams.compile_streams(sets, vantage, to):
        if not stream.server_names or any(covers(each, host) for each in stream.server_names):
            return stream
    return None


def cluster_resources(used: list[Backend], to: Destinations, trust_domain: str) -> tuple[Resource, ...]:
    """The clusters of all backends that exist and may be called."""
    found: dict[str, Resource] = {}
    distinct = {(each.service, each.port, each.subset): each for each in used if not each.problem}
    for backend in distinct.values():
        port, treated = to.port(backend), to.treatment(backend)
        if port is not None and treated is not None and backend.service not in to.denied:
            service = to.services[backend.service]
            resource = clusters.service_cluster(service, port, backend.subset or "", treated, trust_domain)
            found[resource.name] = resource
    for backend in used:
        if backend.fallbacks:
            resource = clusters.standing_in(to.cluster(backend), backend.origin)
            found[resource.name] = resource
    return tuple(found.values())


@remember(size=4096)
def outside_host(settings: Settings, namespace: str, authority: str, is_allowed: bool) -> Compiled:
    """A host outside the mesh: passed on, or refused if only known hosts may be called."""
    name = naming.virtual_host(naming.outbound_routes(namespace), authority)
    message = VirtualHost(name=name, domains=[authority])
    if not is_allowed:
        reason = f'"{authority}" is outside the mesh, and workloads may only call services of the mesh'
        message.routes.extend(replies.everything(replies.respond(502, reason)))
        return Compiled(encode(name, message, origins=(settings.origin,)))
    plain = route_components_pb2.Route()
    plain.match.prefix = "/"
    plain.route.cluster = naming.OUTSIDE
    plain.route.timeout.SetInParent()
    message.routes.extend((plain, connected(naming.OUTSIDE)))
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


def connected(*shares: str | tuple[str, int], through: Tunnel | None = None) -> route_components_pb2.Route:
    """End a CONNECT here and send its bytes on: to a cluster, or to several by weight; to none it is refused.

    Through another HTTP proxy, that one is asked instead to connect to the target.
    """
    message = route_components_pb2.Route()
    message.match.connect_matcher.SetInParent()
    weighted = [each if isinstance(each, tuple) else (each, 1) for each in shares]
    if len(weighted) <= 1:
        message.route.cluster = weighted[0][0] if weighted else naming.PLACEHOLDER
    else:
        for cluster, weight in weighted:
            message.route.weighted_clusters.clusters.add(name=cluster).weight.value = weight
    message.route.timeout.SetInParent()
    upgrade = UPGRADE(upgrade_type="CONNECT")
    if through is None:
        upgrade.connect_config.SetInParent()
    else:
        message.route.host_rewrite_literal = streams.target(through)
    message.route.upgrade_configs.append(upgrade)
    return message


def _not_http(service: Service, port: Port) -> route_components_pb2.Route:
    reason = f'port {port.number} of service "{service.name.name}" speaks {port.protocol}, not HTTP; use CONNECT'
    message = replies.respond(502, reason)
    message.match.prefix = "/"
    return message

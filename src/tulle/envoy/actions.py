"""What a route does with its requests: forward, redirect, respond."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from envoy.config.core.v3 import base_pb2
from envoy.config.route.v3 import route_components_pb2

from tulle.envoy import naming, protos, replies, retries, rewrites
from tulle.envoy.callers import ANYBODY, Caller
from tulle.envoy.treatments import Treatment, treatment
from tulle.model.names import Name
from tulle.model.policies import HashOn, Retry
from tulle.model.routes import Backend, Forward, HeaderChanges, Match, Mirror, Redirect, Respond, RouteRule
from tulle.model.services import Port, Service

Route: TypeAlias = route_components_pb2.Route
RouteAction: TypeAlias = route_components_pb2.RouteAction
HashPolicy: TypeAlias = route_components_pb2.RouteAction.HashPolicy
RequestMirrorPolicy: TypeAlias = route_components_pb2.RouteAction.RequestMirrorPolicy
FORBIDDEN_HEADERS = {"host", ":authority"}


@dataclass(frozen=True, slots=True)
class Destinations:
    """What is known of the services that rules send requests to."""

    services: Mapping[Name, Service]
    denied: frozenset[Name] = frozenset()
    """Services that this caller may never call."""
    called: tuple[Name, int] | None = None
    """In rules of the mesh: the service and port that was called; backends without a port mean this one."""
    caller: Caller = ANYBODY
    """Who sends them; two callers may treat the same service differently."""
    root_namespace: str = ""

    def port(self, backend: Backend) -> Port | None:
        """The port that a backend means; None if there is no such service or port."""
        service = self.services.get(backend.service)
        if service is None:
            return None
        if backend.port is None and self.called is not None and self.called[0] == backend.service:
            return service.port(self.called[1])
        return service.port(backend.port)

    def treatment(self, backend: Backend) -> Treatment | None:
        """How the caller treats it; None if there is no such service, port or subset."""
        service, port = self.services.get(backend.service), self.port(backend)
        if service is None or port is None:
            return None
        return treatment(service, port, backend.subset or "", self.caller, self.root_namespace)

    def cluster(self, backend: Backend) -> str:
        """Name of its cluster, whether or not there is one."""
        port = self.port(backend)
        number = port.number if port else backend.port or 0
        return naming.cluster(backend.service, number, backend.subset)

    def refusal(self, backend: Backend) -> tuple[int, str] | None:
        """Why this backend can never answer: status and reason."""
        service = self.services.get(backend.service)
        if service is None:
            return 503, f'there is no service "{backend.service}"'
        if backend.service in self.denied:
            return 403, f'service "{backend.service}" does not allow this caller'
        if self.port(backend) is None:
            known = ", ".join(str(each.number) for each in service.ports) or "none"
            return 503, f'service "{backend.service}" has no port {backend.port}; it has {known}'
        if self.treatment(backend) is None:
            return 503, f'service "{backend.service}" has no version "{backend.subset}"'
        return None


def route(rule: RouteRule, match: Match, retry: Retry | None, to: Destinations) -> Route:
    """The route of one rule and one of its matches, still without its conditions."""
    match rule.action:
        case Forward() as action:
            message = forward(action, match, retry, to)
        case Redirect() as action:
            message = Route(redirect=rewrites.redirect(action, match.path))
        case action:
            message = respond(action)
    _change_headers(rule, message)
    return message


def forward(action: Forward, match: Match, retry: Retry | None, to: Destinations) -> Route:
    """Send on, by weight."""
    live = [each for each in action.backends if each.weight > 0]
    if not live:
        return replies.respond(503, "every backend of the route has weight 0")
    refusals = [to.refusal(each) for each in live]
    if all(refusals):
        status, reason = refusals[0] or (503, "")
        return replies.respond(status, reason)
    whole = Route()
    message = whole.route
    message.timeout.CopyFrom(protos.seconds(action.timeout or 0))
    if len(live) == 1:
        message.cluster = to.cluster(live[0])
    else:
        message.weighted_clusters.CopyFrom(_weighted(live, to))
    if retry is not None:
        message.retry_policy.CopyFrom(retries.policy(retry))
    if action.rewrite is not None:
        rewrites.rewrite(action.rewrite, match.path, message)
    mirrors = [each for each in action.mirrors if to.refusal(each.backend) is None]
    message.request_mirror_policies.extend(_mirror(each, to) for each in mirrors)
    hashing = next((hashed for each in live if (hashed := _hash_on(each, to))), None)
    if hashing is not None:
        message.hash_policy.append(_hash_policy(hashing))
    return whole


def respond(action: Respond) -> Route:
    """Answer from the proxy."""
    body = base_pb2.DataSource(inline_string=action.body) if action.body else None
    return Route(
        direct_response=route_components_pb2.DirectResponseAction(status=action.status, body=body),
        response_headers_to_add=[protos.header(name, protos.literal(value)) for name, value in action.headers],
    )


def _weighted(backends: list[Backend], to: Destinations) -> route_components_pb2.WeightedCluster:
    return route_components_pb2.WeightedCluster(
        clusters=[
            route_components_pb2.WeightedCluster.ClusterWeight(name=to.cluster(each), weight=protos.number(each.weight))
            for each in backends
        ]
    )


def _mirror(mirror: Mirror, to: Destinations) -> RequestMirrorPolicy:
    return RequestMirrorPolicy(
        cluster=to.cluster(mirror.backend),
        runtime_fraction=protos.runtime_fraction(mirror.percent),
        trace_sampled=protos.flag(False),
    )


def _hash_on(backend: Backend, to: Destinations) -> HashOn | None:
    treated = to.treatment(backend)
    return treated.policy.load_balancing.hash_on if treated else None


def _hash_policy(hashing: HashOn) -> HashPolicy:
    policy = HashPolicy()
    if hashing.header:
        policy.header.header_name = hashing.header
    elif hashing.cookie:
        policy.cookie.name = hashing.cookie
        if hashing.cookie_ttl is not None:
            policy.cookie.ttl.CopyFrom(protos.seconds(hashing.cookie_ttl))
            policy.cookie.path = "/"
    elif hashing.query:
        policy.query_parameter.name = hashing.query
    else:
        policy.connection_properties.source_ip = True
    return policy


def _change_headers(rule: RouteRule, message: Route) -> None:
    if rule.request_headers is not None:
        changes = rule.request_headers
        for name, value in changes.set:
            if name.lower() in FORBIDDEN_HEADERS and message.HasField("route"):
                message.route.host_rewrite_literal = value
        message.request_headers_to_add.extend(_additions(changes))
        message.request_headers_to_remove.extend(_removals(changes))
    if rule.response_headers is not None:
        message.response_headers_to_add.extend(_additions(rule.response_headers))
        message.response_headers_to_remove.extend(_removals(rule.response_headers))


def _additions(changes: HeaderChanges) -> list[base_pb2.HeaderValueOption]:
    """Headers to set and to add; Envoy refuses a whole configuration that touches `Host` or pseudo-headers here."""
    replaced = [protos.header(name, protos.literal(value)) for name, value in changes.set if _is_plain(name)]
    added = [protos.header(name, protos.literal(value), appends=True) for name, value in changes.add if _is_plain(name)]
    return replaced + added


def _removals(changes: HeaderChanges) -> list[str]:
    return [name for name in changes.remove if _is_plain(name)]


def _is_plain(name: str) -> bool:
    return not name.startswith(":") and name.lower() not in FORBIDDEN_HEADERS

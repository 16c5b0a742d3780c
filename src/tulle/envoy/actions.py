"""What a route does with its requests: forward, redirect, respond."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from envoy.config.core.v3 import base_pb2
from envoy.config.route.v3 import route_components_pb2

from tulle.envoy import edge_replies, hashing, headers, naming, protos, replies, retries, rewrites, stays
from tulle.envoy.callers import ANYBODY, Caller
from tulle.envoy.treatments import Treatment, showing, treatment
from tulle.kit.quick import quick
from tulle.model.names import Name
from tulle.model.policies import HashOn, Retry
from tulle.model.routes import Backend, Forward, Match, Mirror, Redirect, Respond, RouteRule
from tulle.model.services import Port, Service

Route: TypeAlias = route_components_pb2.Route
RouteAction: TypeAlias = route_components_pb2.RouteAction
ClusterWeight: TypeAlias = route_components_pb2.WeightedCluster.ClusterWeight
NotFoundCode: TypeAlias = route_components_pb2.RouteAction.ClusterNotFoundResponseCode.ValueType
RequestMirrorPolicy: TypeAlias = route_components_pb2.RouteAction.RequestMirrorPolicy
LARGEST_BODY = 1024 * 1024
"""Bytes that a route may answer with; what proxies are told in `max_direct_response_body_size_bytes`."""
NOT_FOUND_CODES: dict[int, NotFoundCode] = {404: RouteAction.NOT_FOUND, 500: RouteAction.INTERNAL_SERVER_ERROR}
"""What Envoy can say where a cluster does not exist, beside 503."""


@quick
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
    listener: rewrites.Entry = rewrites.NOWHERE
    """At the gateway: where requests come in."""
    _treatments: dict[tuple[Name, int | None, str | None, bool], Treatment | None] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    """What was asked for already: every rule of a host asks again."""

    @property
    def entry(self) -> rewrites.Entry:
        """Where requests come in, as far as redirects are concerned."""
        return self.listener if self.called is None else rewrites.Entry(self.called[1], is_encrypted=False)

    def port(self, backend: Backend) -> Port | None:
        """The port that a backend means; None if there is no such service or port."""
        service = self.services.get(backend.service)
        if service is None:
            return None
        if backend.port is None and self.called is not None and self.called[0] == backend.service:
            return service.port(self.called[1])
        if backend.port is None and self.called is not None:
            # Rules of the mesh mean the port that was called, wherever they send the call (Istio).
            return service.port(self.called[1]) or service.port()
        return service.port(backend.port, is_udp=backend.is_udp)

    def number(self, backend: Backend) -> int:
        """The number of the port that a backend means; 0, a port that nothing has, if it can never be used."""
        port = None if backend.problem else self.port(backend)
        return port.number if port else 0 if backend.problem else backend.port or 0

    def resolved(self, backend: Backend) -> Backend:
        """The same with the number of its port."""
        return replace(backend, port=self.number(backend))

    def treatment(self, backend: Backend) -> Treatment | None:
        """How the caller treats it; None if there is no such service, port or subset."""
        key = backend.service, backend.port, backend.subset, backend.is_udp
        if key not in self._treatments:
            service, port = self.services.get(backend.service), self.port(backend)
            found = None
            if service is not None and port is not None:
                found = treatment(service, port, backend.subset or "", self.caller, self.root_namespace)
            secret = self.listener.shown_secret
            self._treatments[key] = found if found is None or secret is None else showing(found, secret)
        return self._treatments[key]

    def cluster(self, backend: Backend) -> str:
        """Name of the cluster of it and of who stands in for it, whether or not there is one."""
        if not backend.fallbacks:
            return self.own_cluster(backend)
        names = dict.fromkeys(map(self.own_cluster, (backend, *backend.fallbacks)))
        return naming.standing_in(names, is_failover=backend.is_failover)

    def own_cluster(self, backend: Backend) -> str:
        """Name of its own cluster."""
        port = self.port(backend)
        is_udp = port is not None and port.is_udp
        return naming.cluster(backend.service, self.number(backend), self.chosen(backend), is_udp=is_udp)

    def chosen(self, backend: Backend) -> str:
        """What tells its cluster from the others of its port."""
        treated = self.treatment(backend)
        return naming.chosen(backend.subset, treated.shown_secret if treated is not None else None)

    def refusal(self, backend: Backend, absent: int = 503) -> tuple[int, str] | None:
        """Why this backend can never answer: status (`absent` if it does not exist or cannot be used) and reason."""
        if backend.problem:
            return absent, backend.problem
        service = self.services.get(backend.service)
        if service is None:
            return absent, f'there is no service "{backend.service}"'
        if backend.service in self.denied:
            return 403, f'service "{backend.service}" does not allow this caller'
        if self.treatment(backend) is not None:
            return None
        if self.port(backend) is None:
            known = ", ".join(str(each.number) for each in service.ports) or "none"
            return absent, f'service "{backend.service}" has no port {backend.port}; it has {known}'
        return absent, f'service "{backend.service}" has no version "{backend.subset}"'


def shared_out(rule: RouteRule, to: Destinations) -> Iterator[tuple[RouteRule, float | None]]:
    """A rule of which shares are answered by the proxy: each share, and then all that is left, as a rule.

    With the percentage of all requests that this one and those before take; None: all that come so far. Envoy draws
    one number for a request, by which it decides about every share of it.
    """
    action = rule.action
    answered = [each for each in action.backends if _is_answered(each, to)] if isinstance(action, Forward) else []
    if not isinstance(action, Forward) or not answered:
        yield rule, None
        return
    rest = tuple(each for each in action.backends if each not in answered)
    total, taken = sum(each.weight for each in action.backends), 0
    for backend in answered:
        assert backend.answer is not None
        taken += backend.weight
        response = headers.merged(backend.response_headers, rule.response_headers)
        part = replace(rule, action=backend.answer, response_headers=response)
        yield part, None if taken == total else 100.0 * taken / total
        if taken == total:
            return
    yield replace(rule, action=replace(action, backends=rest)), None


def _is_answered(backend: Backend, to: Destinations) -> bool:
    return backend.answer is not None and backend.weight > 0 and to.refusal(backend) is None


def route(rule: RouteRule, match: Match, retry: Retry | None, to: Destinations) -> Route:
    """The route of one rule and one of its matches, still without its conditions; not for redirects."""
    if isinstance(rule.action, Forward):
        return forward(rule, rule.action, match, retry, to)
    # Delegates were put in place when the mesh was built, and redirects can be two routes.
    assert isinstance(rule.action, Respond)
    message = respond(rule.action)
    if to.entry.is_routed and not any(name.lower() == "content-type" for name, _ in rule.action.headers):
        message.response_headers_to_add.append(protos.header(edge_replies.UNTYPED, "yes"))
    headers.change(rule.request_headers, rule.response_headers, message)
    return message


def redirects(rule: RouteRule, action: Redirect, match: Match, to: Destinations) -> list[Route]:
    """The routes of a rule that redirects; they have conditions of their own beside those of the match."""
    found = []
    for conditions, redirect in rewrites.redirects(action, match.path, to.entry):
        message = Route(redirect=redirect)
        if conditions:
            message.match.headers.extend(conditions)
        headers.change(rule.request_headers, rule.response_headers, message)
        found.append(message)
    return found


def forward(rule: RouteRule, action: Forward, match: Match, retry: Retry | None, to: Destinations) -> Route:
    """Send on, by weight."""
    live = [each for each in action.backends if each.weight > 0]
    refusals = [to.refusal(each, action.status_without_backends) for each in live]
    if all(refusals):
        message = _refused(action, refusals)
        headers.change(rule.request_headers, rule.response_headers, message)
        return message
    message = Route()
    _send(message.route, action, live, to)
    if any(refusals):
        message.route.cluster_not_found_response_code = _code_of_absent(action)
    if retry is not None:
        message.route.retry_policy.CopyFrom(retries.policy(retry))
    if action.rewrite is not None:
        rewrites.rewrite(action.rewrite, match.path, message.route)
    _change(rule, live, message)
    return message


def respond(action: Respond) -> Route:
    """Answer from the proxy."""
    if len(action.body if isinstance(action.body, bytes) else action.body.encode()) > LARGEST_BODY:
        return replies.respond(500, f"the answer of the rule is longer than {LARGEST_BODY} bytes")
    if isinstance(action.body, bytes):
        body = base_pb2.DataSource(inline_bytes=action.body)
    else:
        body = base_pb2.DataSource(inline_string=action.body)
    return Route(
        direct_response=route_components_pb2.DirectResponseAction(
            status=action.status, body=body if action.body else None
        ),
        response_headers_to_add=[protos.header(name, protos.literal(value)) for name, value in action.headers],
    )


def _refused(action: Forward, refusals: list[tuple[int, str] | None]) -> Route:
    if not action.backends:
        return replies.respond(action.status_without_backends, "the route has no backend")
    if not refusals:
        return replies.respond(action.status_without_backends, "every backend of the route has weight 0")
    status, reason = refusals[0] or (action.status_without_backends, "")
    return replies.respond(status, reason)


def _send(message: RouteAction, action: Forward, live: list[Backend], to: Destinations) -> None:
    """Where to, how long, and by what the endpoint is chosen."""
    message.timeout.CopyFrom(protos.seconds(action.timeout or 0))
    if not action.timeout:
        # gRPC says itself how long it waits. Where this is set, Envoy does not look at the timeout of a route at all.
        message.max_stream_duration.grpc_timeout_header_max.SetInParent()
    if len(live) == 1:
        message.cluster = to.cluster(live[0])
    else:
        message.weighted_clusters.clusters.extend(
            ClusterWeight(name=to.cluster(each), weight=protos.number(each.weight)) for each in live
        )
        if action.is_by_client:
            message.weighted_clusters.use_hash_policy.value = True
    if live[0].shows_own_host:
        message.auto_host_rewrite.value = True
    mirrors = [each for each in action.mirrors if each.percent > 0 and to.refusal(each.backend) is None]
    message.request_mirror_policies.extend(_mirror(each, to) for each in mirrors)
    message.hash_policy.extend(map(hashing.policy, action.hash_on or _hash_on(live, to)))


def _code_of_absent(action: Forward) -> NotFoundCode:
    """The answer for the share of backends that do not exist: Envoy has one for all of them."""
    return NOT_FOUND_CODES.get(action.status_without_backends, RouteAction.SERVICE_UNAVAILABLE)


def _change(rule: RouteRule, live: list[Backend], message: Route) -> None:
    """Headers and hosts: those of the rule, and those of each backend for its share."""
    request, response = rule.request_headers, rule.response_headers
    common = headers.host(request) or message.route.host_rewrite_literal
    hosts = [each.host_rewrite or headers.host(each.request_headers) for each in live]
    if len(live) == 1:
        request = headers.merged(live[0].request_headers, request)
        response = headers.merged(live[0].response_headers, response)
        common = hosts[0] or common
    else:
        for backend, share, host in zip(live, message.route.weighted_clusters.clusters, hosts, strict=True):
            headers.change(backend.request_headers, backend.response_headers, share)
            # Envoy lets the host of the route win over that of a share.
            if any(hosts) and (host or common):
                share.host_rewrite_literal = host or common
        common = "" if any(hosts) else common
    message.route.ClearField("host_rewrite_literal")
    if common:
        message.route.host_rewrite_literal = common
    if common:
        message.route.ClearField("auto_host_rewrite")
    headers.change(request, response, message)
    stays.tell(live, message)


def _mirror(mirror: Mirror, to: Destinations) -> RequestMirrorPolicy:
    return RequestMirrorPolicy(
        cluster=to.cluster(mirror.backend),
        runtime_fraction=protos.runtime_fraction(mirror.percent),
        trace_sampled=protos.flag(False),
        disable_shadow_host_suffix_append=mirror.keeps_host,
    )


def _hash_on(live: list[Backend], to: Destinations) -> tuple[HashOn, ...]:
    """What the policy of the first backend that has one says."""
    for backend in live:
        treated = to.treatment(backend)
        if treated is not None and treated.policy.load_balancing.hash_on is not None:
            return (treated.policy.load_balancing.hash_on,)
    return ()

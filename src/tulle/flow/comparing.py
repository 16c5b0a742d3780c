"""Whether two contents say the same, whatever words they use: what is different, at which part. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from tulle.dialects.native.writing import document, security
from tulle.dialects.native.writing.content import Content, Entrance, Key, Offer, Placed
from tulle.flow.flattening import shares
from tulle.kit.frozen import differing, rebuilt
from tulle.model.documents import BUILT_IN, Origin
from tulle.model.extensions import Ingress, LogProvider, Scope
from tulle.model.listeners import Admission, Certificate, ClientTrust, Listener, ListenerHost
from tulle.model.names import Name
from tulle.model.policies import ClientTls, Fault, TlsMode
from tulle.model.routes import Backend, Forward, Match, Respond, RouteRule, Source, StreamRule
from tulle.model.security import PeerAuthentication, TokenRule
from tulle.model.services import Endpoint, Service, Subset
from tulle.model.workloads import Workload


@dataclass(frozen=True, slots=True)
class Part:
    """Something that a content says, in a form in which equal things are equal."""

    key: Key
    """Of the part of the document that says it."""
    place: object
    """By what it is found in another content."""
    origin: Origin
    said: object


@dataclass(frozen=True, slots=True)
class Loss:
    """Something that is not said."""

    key: Key
    origin: Origin
    message: str


def lost(wanted: Content, got: Content, unreadable: Mapping[Key, str]) -> Iterator[Loss]:
    """What the second content does not say as the first one does; `unreadable` are parts of it that say nothing."""
    found = {each.place: each.said for each in parts(got)}
    for each in parts(wanted):
        if each.key in unreadable:
            yield Loss(each.key, each.origin, f"cannot be said: {unreadable[each.key]}")
            continue
        for path, value in differing(each.said, found.get(each.place)):
            yield Loss(
                each.key, each.origin, f"is not said as it was: {path} ({_shown(value)})" if path else "is not said"
            )


def _shown(value: object) -> str:
    text = " ".join(str(value).split())
    return text if len(text) <= 80 else f"{text[:77]}..."


def parts(content: Content) -> Iterator[Part]:
    """All that a content says, part by part."""
    yield _part(("native/mesh", Name("", "mesh")), content.settings.origin, _whole(content))
    for offer in content.offers:
        if offer.is_declared:
            yield _part(("native/service", offer.service.name), offer.service.origin, offer)
    for entrance in content.entrances:
        yield _part(("native/listener", entrance.listener.name), entrance.listener.origin, entrance)
    yield from _routes(content)
    peers = tuple(each for each in content.peers if not _is_of_mesh(each, content))
    groups: tuple[tuple[str, tuple[Any, ...]], ...] = (
        ("native/workload", content.workloads),
        ("native/workload", content.entries),
        ("native/access", content.access),
        ("native/mtls", peers),
        ("native/scope", content.scopes),
        ("native/logging", content.logging),
    )
    for kind, things in groups:
        for thing in things:
            yield _part((kind, thing.name), thing.origin, thing)
    for each in content.tokens:
        for name, rule in document.issuers(each):
            yield _part(("native/token", name), each.origin, (each.selector, each.targets, rule))


def _part(key: Key, origin: Origin, said: object) -> Part:
    return Part(key, key, origin, comparable(said))


def _routes(content: Content) -> Iterator[Part]:
    """By place; free ones by their condition too, as their order says nothing."""
    for each in content.routes:
        key = document.route_key(each)
        for host in each.hosts:
            for listener in each.listeners or ("",):
                what = comparable(each.rules[0].matches) if each.is_free else ()
                said = replace(each, hosts=(host,), listeners=(listener,), namespace="")
                yield Part(key, (each.is_mesh, host, listener, what), origin_of(each), comparable(said))


def origin_of(placed: Placed) -> Origin:
    """Where its first rule was written."""
    return placed.rules[0].origin if placed.rules else placed.streams[0].origin


def _whole(content: Content) -> tuple[object, ...]:
    """What holds for the whole mesh."""
    modes = tuple(each.mode for each in content.peers if _is_of_mesh(each, content))[:1]
    settings = content.settings
    if settings.logger is not None:
        settings = replace(settings, logger=replace(settings.logger, name=""))
    settings = replace(settings, loggers=tuple(sorted(settings.loggers, key=lambda each: each.name)))
    return settings, modes, tuple(sorted(content.authorizers, key=lambda each: each.name))


def _is_of_mesh(given: PeerAuthentication, content: Content) -> bool:
    return given.name.namespace == content.settings.root_namespace and not given.selector and not given.port_modes


def comparable(value: Any) -> Any:
    """Without what was called what and where it was written."""
    return rebuilt(value, _bare)


def _bare(value: Any) -> Any:
    bare = _BARE.get(type(value))
    return bare(value) if bare is not None else value


def _sorted(labels: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(labels))


def _service(given: Service) -> Service:
    return replace(given, origin=BUILT_IN, selector=_sorted(given.selector))


def _offer(given: Offer) -> Offer:
    service = given.service
    is_meshed = given.workloads or service.selector or any(each.is_meshed for each in service.addresses)
    if service.addresses and not is_meshed:
        service = replace(service, account="")  # nobody ever shows it
    return replace(given, service=service, origins=(), workloads=tuple(sorted(given.workloads, key=_name)))


def _name(given: Workload) -> Name:
    return given.name


def _workload(given: Workload) -> Workload:
    return replace(given, origin=BUILT_IN, calls_origin=None, own_labels=_sorted(given.labels), has_account=True)


def _listener(given: Listener) -> Listener:
    return replace(
        given,
        origin=BUILT_IN,
        certificates=tuple(sorted(given.certificates, key=_default_first)),
        backends=shares(given.backends),
        gateway=None,
        section="",
        admission=Admission(),
        created="",
        problems=(),
        has_own_addresses=True,
        selector=(),
    )


def _default_first(given: Certificate) -> bool:
    return bool(given.hosts)


def _keys(given: TokenRule) -> TokenRule:
    return replace(given, origin=BUILT_IN, jwks=json.dumps(security.keys(given.jwks)))


def _trust(given: ClientTrust) -> ClientTrust:
    return replace(given, searches_root=False, referrer=None)


def _forward(given: Forward) -> Forward | Respond:
    backends = tuple(each for each in given.backends if not each.problem)
    if not any(each.weight for each in backends):
        return Respond(status=given.status_without_backends)
    return replace(given, backends=shares(backends), timeout=given.timeout or None, status_without_backends=503)


def _tls(given: ClientTls) -> ClientTls:
    is_blind = not given.uses_system_ca and not (given.ca_file or given.ca_maps or given.secret)
    if given.mode in {TlsMode.SIMPLE, TlsMode.MUTUAL} and is_blind:
        given = replace(given, skips_verification=True)
    return replace(given, uses_system_ca=True)


def _fault(given: Fault) -> Fault:
    delay = given.delay_percent if given.delay is not None else 100.0
    aborts = given.abort_status is not None or given.abort_grpc_status is not None
    return replace(given, delay_percent=delay, abort_percent=given.abort_percent if aborts else 100.0)


_BARE: Mapping[type, Any] = {
    Origin: lambda given: None,  # as where nobody noted one
    Scope: lambda given: replace(given, host_origins=()),
    Service: _service,
    Offer: _offer,
    Entrance: lambda given: replace(given, origins=()),
    Subset: lambda given: replace(given, labels=_sorted(given.labels)),
    Endpoint: lambda given: replace(given, labels=_sorted(given.labels)),
    Source: lambda given: replace(given, labels=_sorted(given.labels)),
    Workload: _workload,
    Listener: _listener,
    ListenerHost: lambda given: ListenerHost(host=given.host),
    Certificate: lambda given: replace(given, searches_root=False, referrer=None, origin=BUILT_IN),
    ClientTrust: _trust,
    ClientTls: _tls,
    Fault: _fault,
    Forward: _forward,
    Backend: lambda given: replace(given, origin=BUILT_IN, referrer=None, host=""),
    TokenRule: _keys,
    RouteRule: lambda given: replace(given, name="", is_default=False),
    StreamRule: lambda given: replace(given, name="", backends=shares(given.backends)),
    LogProvider: lambda given: replace(given, labels=json.dumps(json.loads(given.labels or "null"), sort_keys=True)),
    Ingress: lambda given: replace(given, protocol=given.protocol.lower()),
    Match: lambda given: replace(given, methods=tuple(sorted(given.methods))),
}

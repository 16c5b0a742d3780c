"""Whether two contents say the same, whatever words they use: what is different, at which part. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from tulle.dialects.native.writing.content import Content, Key, Offer, Placed
from tulle.kit.frozen import differing, rebuilt
from tulle.model.documents import BUILT_IN, Origin
from tulle.model.extensions import Ingress
from tulle.model.listeners import Admission, Certificate, ClientTrust, Listener, ListenerHost
from tulle.model.names import Name
from tulle.model.policies import ClientTls, Fault, TlsMode
from tulle.model.routes import Backend, Forward, Match, Respond, RouteRule, Source, StreamRule
from tulle.model.security import PeerAuthentication
from tulle.model.services import Endpoint, Service, Subset
from tulle.model.workloads import Workload

NOWHERE = Name("", "")
Part = tuple[Key, Origin, object]
"""Kind and name as findings call it, where it was written, and what it says."""


def lost(wanted: Content, got: Content) -> Iterator[tuple[Key, Origin, str]]:
    """What the second content does not say as the first one does, in a few words."""
    found = {key: said for key, _, said in parts(got)}
    for key, origin, said in parts(wanted):
        for path, value in differing(said, found.get(key)):
            yield key, origin, f"{path} ({_shown(value)})" if path else "it"


def _shown(value: object) -> str:
    text = str(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def parts(content: Content) -> Iterator[Part]:
    """All that a content says, part by part, in a form in which equal things are equal."""
    yield ("native/mesh", NOWHERE), content.settings.origin, comparable(replace_settings(content))
    for offer in content.offers:
        if offer.is_declared:
            yield ("native/service", offer.service.name), offer.service.origin, comparable(offer)
    for entrance in content.entrances:
        yield ("native/listener", entrance.listener.name), entrance.listener.origin, comparable(entrance)
    for key, placed in _routes(content).items():
        yield key, origin_of(placed), comparable(placed)
    groups: tuple[tuple[str, tuple[Any, ...]], ...] = (
        ("native/workload", content.workloads),
        ("native/workload", content.entries),
        ("native/access", content.access),
        ("native/mtls", tuple(each for each in content.peers if not _is_of_mesh(each, content))),
        ("native/scope", content.scopes),
        ("native/logging", content.logging),
    )
    for kind, things in groups:
        for thing in things:
            yield (kind, thing.name), thing.origin, comparable(thing)
    for each in content.tokens:
        for rule in each.rules:
            key = ("native/token", Name(each.name.namespace, f"{each.selector} {each.targets} {rule.issuer}"))
            yield key, each.origin, comparable(rule)


def origin_of(placed: Placed) -> Origin:
    """Where its first rule was written."""
    return placed.rules[0].origin if placed.rules else placed.streams[0].origin


def replace_settings(content: Content) -> tuple[object, ...]:
    """What holds for the whole mesh."""
    modes = tuple(each.mode for each in content.peers if _is_of_mesh(each, content))[:1]
    return content.settings, modes, tuple(sorted(content.authorizers, key=lambda each: each.name))


def _is_of_mesh(given: PeerAuthentication, content: Content) -> bool:
    return given.name.namespace == content.settings.root_namespace and not given.selector and not given.port_modes


def _routes(content: Content) -> dict[Key, Placed]:
    """By place; free ones by their condition too, as their order says nothing."""
    found: dict[Key, Placed] = {}
    for each in content.routes:
        for host in each.hosts:
            for listener in each.listeners or ("",):
                what = str(comparable(each.rules[0].matches)) if each.is_free else ""
                key = "native/route", Name("mesh" if each.is_mesh else "", f"{host} {listener} {what}")
                found[key] = replace(each, hosts=(host,), listeners=(listener,), namespace="")
    return found


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
    return replace(given, origins=(), workloads=tuple(sorted(given.workloads, key=lambda each: each.name)))


def _workload(given: Workload) -> Workload:
    return replace(given, origin=BUILT_IN, calls_origin=None, own_labels=_sorted(given.labels), has_account=True)


def _listener(given: Listener) -> Listener:
    return replace(
        given,
        origin=BUILT_IN,
        gateway=None,
        section="",
        admission=Admission(),
        declared_port=0,
        created="",
        problems=(),
        has_own_addresses=True,
        selector=(),
    )


def _trust(given: ClientTrust) -> ClientTrust:
    return replace(given, searches_root=False, referrer=None)


def _forward(given: Forward) -> Forward | Respond:
    backends = tuple(each for each in given.backends if not each.problem)
    if not any(each.weight for each in backends):
        return Respond(status=given.status_without_backends)
    if len(backends) == 1:
        backends = (replace(backends[0], weight=1),)
    return replace(given, backends=backends, timeout=given.timeout or None, status_without_backends=503)


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
    Origin: lambda given: BUILT_IN,
    Service: _service,
    Offer: _offer,
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
    Backend: lambda given: replace(given, origin=BUILT_IN, referrer=None),
    RouteRule: lambda given: replace(given, name="", is_default=False),
    StreamRule: lambda given: replace(given, name=""),
    Ingress: lambda given: replace(given, protocol=given.protocol.lower()),
    Match: lambda given: replace(given, methods=tuple(sorted(given.methods))),
}

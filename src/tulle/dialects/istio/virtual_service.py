"""`VirtualService`: which request or connection goes where."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Annotated, TypeVar

from pydantic import Field

from tulle.dialects.istio import http_route, shadows, streams
from tulle.dialects.istio.hosts import AnyHost, full_host, service_name
from tulle.dialects.istio.http_route import HttpRoute
from tulle.dialects.istio.streams import TcpRoute, TlsRoute
from tulle.dialects.istio.targets import MESH, Conditional, Target, select, targets
from tulle.dialects.istio.values import GROUP, VERSIONS, Exports, created, exports
from tulle.dialects.objects import Differs, Items, Object, ObjectKind, ObjectSpec, validated
from tulle.dialects.written import Written
from tulle.model.documents import Origin
from tulle.model.mesh import Fragment
from tulle.model.names import ISTIO, Name
from tulle.model.routes import (
    AttachKind,
    Delegate,
    Match,
    Parent,
    RouteKind,
    RouteRule,
    RouteSet,
    StreamMatch,
    StreamRule,
)

Rule = TypeVar("Rule", RouteRule, StreamRule)


class VirtualServiceSpec(ObjectSpec):
    """Rules for some hosts."""

    hosts: Annotated[Items[AnyHost], Differs("several documents for one host are merged in sidecars too")] = Field(
        (), description="Hosts that are called; none in a document that others delegate to."
    )
    gateways: Items[str] = Field(
        (), description="Gateways, by name or namespace/name, and mesh; only mesh if not given."
    )
    http: Items[HttpRoute] = Field((), description="Rules for requests; the first that matches counts.")
    tls: Items[TlsRoute] = Field((), description="Rules for connections with TLS that is not ended here.")
    tcp: Items[TcpRoute] = Field((), description="Rules for other connections.")
    export_to: Annotated[
        Exports, Differs("a gateway is in two namespaces: that of its Gateway, and the root namespace")
    ] = Field((), description="Namespaces whose workloads, gateways and documents may use them; all if empty.")


class VirtualService(Object):
    """Which request or connection goes where."""

    spec: VirtualServiceSpec = Field(description="The rules.")


@dataclass(frozen=True, slots=True)
class _Frame:
    """What all sets of one document have in common."""

    part: Written
    spec: VirtualServiceSpec
    targets: tuple[Target, ...]
    hosts: tuple[str, ...]
    host_origins: tuple[tuple[str, Origin], ...]
    created: str

    @property
    def name(self) -> Name:
        """Of the document."""
        return self.part.document.key.name

    def named(self, suffix: str) -> Name:
        """The name of a set: by what it is for, never by its position."""
        return Name(self.name.namespace, f"{self.name.name}/{suffix}")


def read(part: Written) -> Fragment:
    """One VirtualService."""
    found = validated(part, VirtualService)
    if found is None:
        return Fragment(findings=tuple(part.findings))
    spec = found.spec
    hosts = _hosts(part, spec)
    frame = _Frame(
        part=part,
        spec=spec,
        targets=targets(part, ("spec", "gateways"), spec.gateways) if spec.gateways else (None,),
        hosts=tuple(hosts),
        host_origins=tuple(hosts.items()),
        created=created(found.metadata),
    )
    _check(frame)
    made = tuple(_delegate(frame) if not spec.hosts else _sets(frame))
    if any(finding.is_error for finding in part.findings):
        return Fragment(findings=tuple(part.findings))
    return Fragment(routes=made, findings=tuple(part.findings))


def _hosts(part: Written, spec: VirtualServiceSpec) -> dict[str, Origin]:
    """The complete hosts, and where each was written."""
    found: dict[str, Origin] = {}
    for index, host in enumerate(spec.hosts):
        full = full_host(host, part.document.key.name.namespace)
        if full in found:
            part.warning(("spec", "hosts", index), f"names {full} once more")
        found.setdefault(full, part.at("spec", "hosts", index))
    return found


def _check(frame: _Frame) -> None:
    part, spec = frame.part, frame.spec
    if not spec.http and not spec.tls and not spec.tcp:
        part.error(("spec",), "has no rules; write http, tls or tcp")
    if None in frame.targets and "*" in spec.hosts:
        place = ("spec", "hosts", spec.hosts.index("*"))
        part.error(place, f"is *, which only gateways can have; name the hosts, or gateways without {MESH}")
    if not spec.hosts:
        if spec.gateways:
            part.error(("spec", "hosts"), "is empty; name the hosts that the gateways get")
        if spec.tls or spec.tcp:
            part.error(("spec", "hosts"), "is empty; only http rules can be those of a delegate")
    for index, route in enumerate(spec.tls if spec.hosts else ()):
        streams.check_server_names(part, ("spec", "tls", index), route, frame.hosts)


def _http(frame: _Frame) -> tuple[Conditional[RouteRule, Match], ...]:
    path = ("spec", "http")
    rules = tuple(
        http_route.rule(frame.part, (*path, index), spec, frame.targets) for index, spec in enumerate(frame.spec.http)
    )
    shadows.check(frame.part, path, rules)
    return rules


def _delegate(frame: _Frame) -> Iterator[RouteSet]:
    """The one set of a document without hosts: other documents delegate to it."""
    rules = _http(frame)
    for index, rule in enumerate(rules):
        if isinstance(rule.rule.action, Delegate):
            frame.part.error(("spec", "http", index, "delegate"), "cannot stand in a document without hosts")
    yield RouteSet(
        name=frame.name,
        origin=frame.part.origin,
        rules=tuple(rule.rule for rule in rules),
        by_specificity=False,
        exports=exports(frame.spec.export_to),
        is_delegate=True,
        created=frame.created,
    )


def _sets(frame: _Frame) -> Iterator[RouteSet]:
    for members, rules in select(_http(frame), frame.targets):
        yield from _attached(frame, members, RouteKind.HTTP, rules, ())
    kinds: tuple[tuple[RouteKind, str, tuple[TlsRoute | TcpRoute, ...]], ...] = (
        (RouteKind.TLS, "tls", frame.spec.tls),
        (RouteKind.TCP, "tcp", frame.spec.tcp),
    )
    for kind, field, specs in kinds:
        read_rules: tuple[Conditional[StreamRule, StreamMatch], ...] = tuple(
            streams.rule(frame.part, ("spec", field, index), spec, frame.targets) for index, spec in enumerate(specs)
        )
        shadows.check_streams(frame.part, ("spec", field), read_rules)
        for members, streamed in select(read_rules, frame.targets):
            yield from _attached(frame, members, kind, (), streamed)


def _attached(
    frame: _Frame,
    members: tuple[Target, ...],
    kind: RouteKind,
    rules: tuple[RouteRule, ...],
    streamed: tuple[StreamRule, ...],
) -> Iterator[RouteSet]:
    """The sets for some targets that all get the same rules."""
    if not rules and not streamed:
        return
    suffix = "" if kind is RouteKind.HTTP else f"/{kind.removesuffix('Route').lower()}"
    made = partial(
        RouteSet,
        origin=frame.part.origin,
        rules=rules,
        streams=streamed,
        kind=kind,
        by_specificity=False,
        exports=exports(frame.spec.export_to),
        is_complete=True,
        created=frame.created,
        host_origins=frame.host_origins,
    )
    parents = _parents(frame, members)
    if parents:
        gateways = ",".join(str(target) for target in members if target is not None)
        yield made(name=frame.named(f"{gateways}{suffix}"), hosts=frame.hosts, parents=parents)
    for host in frame.hosts if None in members else ():
        service = service_name(host)
        others = () if service is not None else (host,)
        yield made(name=frame.named(f"{host}{suffix}"), service=service, mesh_hosts=others)


def _parents(frame: _Frame, members: tuple[Target, ...]) -> tuple[Parent, ...]:
    found = []
    for target in members:
        if target is None:
            continue
        index = frame.targets.index(target)
        found.append(
            Parent(
                kind=AttachKind.GATEWAY,
                name=Name(target.namespace, f"{ISTIO}{target.name}"),
                origin=frame.part.at("spec", "gateways", index),
            )
        )
    return tuple(found)


KIND = ObjectKind(
    group=GROUP,
    versions=VERSIONS,
    kind="VirtualService",
    schema=VirtualService,
    read=read,
    documentation="https://istio.io/latest/docs/reference/config/networking/virtual-service/",
)

"""`routes`: which request that comes in at the gateway goes where; and calls of workloads to hosts of nobody here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated

from pydantic import Field

from tulle.dialects.fields import Host, Hosts, Label, Labels, Several
from tulle.dialects.native import streams
from tulle.dialects.native.matching import MatchSpec, describe
from tulle.dialects.native.rules import ActionSpec, RouteRuleSpec, check_target, named_backends, rule, rule_name
from tulle.dialects.native.streams import Streams
from tulle.dialects.sections import Kind, Shape
from tulle.dialects.written import Written
from tulle.model.mesh import Fragment
from tulle.model.names import Name
from tulle.model.routes import Match, RouteKind, RouteRule, RouteSet, StreamRule

TARGETS = ("to", "weights", "redirect", "respond")
FRAME = frozenset(("name", "namespace", "host", "hosts", "listeners", "mesh", "rules", "streams"))
"""What may stand beside rules."""


class RouteSpec(MatchSpec, ActionSpec):
    """One route of the gateway: which requests, and what happens to them. The most specific route wins."""

    name: Label | None = Field(None, description="How it is called; its host and conditions if not given.")
    namespace: Label | None = Field(None, description="Where the services it names are looked for.")
    host: Host | None = Field(None, description="The host that is asked for: shop.example.org, *.example.org.")
    hosts: Annotated[Hosts, Field(min_length=1)] | None = Field(None, description="Several hosts; every host if none.")
    listeners: Labels = Field((), description="The listeners it is for; all that speak HTTP if not given.")
    rules: Annotated[tuple[RouteRuleSpec, ...], Several()] = Field(
        (), description="Instead of one condition and action: several, tried in this order."
    )
    mesh: bool = Field(
        False, description="Whether it is for calls of workloads to these hosts, instead of requests at the gateway."
    )
    streams: Streams = Field((), description="With mesh: where connections to these hosts go.")


def read(part: Written) -> Fragment:
    """One route."""
    spec = part.validated(RouteSpec)
    if spec is None:
        return Fragment(findings=tuple(part.findings))
    _check(part, spec)
    hosts = (spec.host,) if spec.host is not None else tuple(dict.fromkeys(spec.hosts or ()))
    name = part.document.key.name
    rules = _rules(part, spec)
    connections = streams.rules(part, ("streams",), spec.streams, name.namespace, name.name) if spec.streams else ()
    if any(finding.is_error for finding in part.findings):
        return Fragment(findings=tuple(part.findings))
    route = RouteSet(
        name=name,
        origin=part.origin,
        hosts=() if spec.mesh else hosts or ("*",),
        mesh_hosts=hosts if spec.mesh else (),
        listeners=spec.listeners,
        listeners_origin=part.at("listeners") if spec.listeners else None,
        rules=rules,
        by_specificity=not spec.rules,
        drops_unknown=True,
    )
    made = (route,) if rules else ()
    if connections:
        made = (*made, _stream_set(route, connections))
    return Fragment(routes=made, findings=tuple(part.findings))


def _stream_set(route: RouteSet, rules: tuple[StreamRule, ...]) -> RouteSet:
    name = Name(route.name.namespace, f"{route.name.name}/streams")
    return replace(route, name=name, rules=(), streams=rules, kind=RouteKind.TCP, by_specificity=False)


def _check(part: Written, spec: RouteSpec) -> None:
    if spec.host is not None and spec.hosts is not None:
        part.error(("hosts",), "cannot stand beside host; write one of them")
    if spec.rules or spec.streams:
        other = sorted(spec.model_fields_set - FRAME)
        if other:
            part.error((other[0],), f"cannot stand beside {'rules' if spec.rules else 'streams'}; write it in a rule")
    else:
        check_target(part, (), spec, TARGETS)
    if spec.mesh:
        if not spec.host and not spec.hosts:
            part.error(("mesh",), "needs host or hosts: what is called")
        if spec.listeners:
            part.error(("listeners",), "are of the gateway; with mesh, calls do not pass it")
    elif spec.streams:
        part.error(("streams",), "are for calls of workloads (mesh: true); at the gateway write streams of a listener")


def _rules(part: Written, spec: RouteSpec) -> tuple[RouteRule, ...]:
    name = part.document.key.name.name
    if spec.streams and not spec.rules:
        return ()
    if not spec.rules:
        return (rule(part, (), spec, (spec.match(),), named_backends(part, (), spec), name),)
    written = part.value["rules"]
    made = []
    for index, each in enumerate(spec.rules):
        path = ("rules", index)
        check_target(part, path, each, TARGETS)
        said = written[index] if isinstance(written, list) else written
        matches = tuple(item.match() for item in each.match) or (Match(),)
        backends = named_backends(part, path, each)
        made.append(rule(part, path, each, matches, backends, rule_name(name, said.get("match"))))
    return tuple(made)


def identify(data: Mapping[str, object]) -> str:
    """Its name, or else its host and conditions: never its position."""
    if isinstance(name := data.get("name"), str):
        return name
    given = data.get("host") or data.get("hosts") or "*"
    hosts = ",".join(str(host) for host in given) if isinstance(given, list) else str(given)
    keys = ("methods", "headers", "query", "claims", "listeners", "mesh")
    others = {key: value for key in keys if (value := data.get(key))}
    return f"{hosts.lower()}{describe(data.get('path'), others)}"


KIND = Kind(
    name="native/route",
    noun="route",
    section=("routes",),
    shape=Shape.LISTED,
    schema=RouteSpec,
    read=read,
    identify=identify,
)

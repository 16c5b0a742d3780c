"""`routes`: which request that comes in at the gateway goes where."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from tulle.dialects.fields import Host, Hosts, Label, Labels
from tulle.dialects.native.kind import Kind, Shape
from tulle.dialects.native.matching import MatchSpec, describe
from tulle.dialects.native.rules import ActionSpec, check_target, named_backends, rule
from tulle.dialects.written import Written
from tulle.model.mesh import Fragment
from tulle.model.routes import RouteSet

TARGETS = ("to", "weights", "redirect", "respond")


class RouteSpec(MatchSpec, ActionSpec):
    """One route of the gateway: which requests, and what happens to them. The most specific route wins."""

    name: Label | None = Field(None, description="How it is called; its host and conditions if not given.")
    namespace: Label | None = Field(None, description="Where the services it names are looked for.")
    host: Host | None = Field(None, description="The host that is asked for: shop.example.org, *.example.org.")
    hosts: Annotated[Hosts, Field(min_length=1)] | None = Field(None, description="Several hosts; every host if none.")
    listeners: Labels = Field((), description="The listeners it is for; all that speak HTTP if not given.")


def read(part: Written) -> Fragment:
    """One route."""
    spec = part.validated(RouteSpec)
    if spec is None:
        return Fragment(findings=tuple(part.findings))
    check_target(part, (), spec, TARGETS)
    if spec.host is not None and spec.hosts is not None:
        part.error(("hosts",), "cannot stand beside host; write one of them")
    hosts = (spec.host,) if spec.host is not None else tuple(dict.fromkeys(spec.hosts or ()))
    name = part.document.key.name
    made = rule(part, (), spec, (spec.match(),), named_backends(part, (), spec), name.name)
    if any(finding.is_error for finding in part.findings):
        return Fragment(findings=tuple(part.findings))
    route = RouteSet(
        name=name,
        origin=part.origin,
        hosts=hosts or ("*",),
        listeners=spec.listeners,
        listeners_origin=part.at("listeners") if spec.listeners else None,
        rules=(made,),
        drops_unknown=True,
    )
    return Fragment(routes=(route,), findings=tuple(part.findings))


def identify(data: Mapping[str, object]) -> str:
    """Its name, or else its host and conditions: never its position."""
    if isinstance(name := data.get("name"), str):
        return name
    given = data.get("host") or data.get("hosts") or "*"
    hosts = ",".join(str(host) for host in given) if isinstance(given, list) else str(given)
    others = {key: value for key in ("methods", "headers", "query", "claims", "listeners") if (value := data.get(key))}
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

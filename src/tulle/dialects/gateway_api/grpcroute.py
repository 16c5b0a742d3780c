"""`GRPCRoute`: which call goes where."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from tulle.dialects.fields import Several
from tulle.dialects.gateway_api.dialect import GROUP
from tulle.dialects.gateway_api.filters import GrpcFilter
from tulle.dialects.gateway_api.httproute import Hostnames
from tulle.dialects.gateway_api.matches import GrpcMatch, grpc_match
from tulle.dialects.gateway_api.references import RouteSpec, parents
from tulle.dialects.gateway_api.rules import (
    GrpcBackend,
    Treatment,
    check_matches,
    check_names,
    route,
    rule,
    rule_name,
)
from tulle.dialects.gateway_api.sessions import SessionPersistence, session
from tulle.dialects.gateway_api.values import SectionName, at_most
from tulle.dialects.objects import Object, ObjectKind, ObjectSpec, validated
from tulle.dialects.written import Written
from tulle.model.mesh import Fragment
from tulle.model.routes import Match, RouteKind, RouteRule

UNAVAILABLE = 503
"""Which a gRPC client sees as UNAVAILABLE."""


class GrpcRule(ObjectSpec):
    """Calls that meet one of the matches go to one of the backends."""

    name: SectionName | None = Field(None, description="Its name, unique within the route.")
    matches: Annotated[tuple[GrpcMatch, ...], Several(alone=False), at_most(64)] = Field(
        (), description="Which calls it is about; all if not given. The most specific match of all rules wins."
    )
    filters: Annotated[tuple[GrpcFilter, ...], Several(alone=False), at_most(16)] = Field(
        (), description="What is done with the calls on their way."
    )
    backend_refs: Annotated[tuple[GrpcBackend, ...], Several(alone=False), at_most(16)] = Field(
        (), description="Services that get the calls, by weight; without any they are answered UNAVAILABLE."
    )
    session_persistence: SessionPersistence | None = Field(
        None, description="Whether a client stays with the endpoint that it had first."
    )


class GrpcRouteSpec(RouteSpec):
    """What the route says."""

    hostnames: Hostnames = Field((), description="Hosts it is for; all that its parents serve if not given.")
    rules: Annotated[tuple[GrpcRule, ...], Several(alone=False), at_most(16)] = Field((), description="Its rules.")


class GrpcRoute(Object):
    """Routes for gRPC."""

    spec: GrpcRouteSpec = Field(description="What the route says.")


def read(part: Written) -> Fragment:
    """One route."""
    found = validated(part, GrpcRoute)
    if found is None:
        return Fragment(findings=tuple(part.findings))
    spec = found.spec
    attached = parents(part, spec.parent_refs)
    check_names(part, spec.rules)
    check_matches(part, [len(each.matches) for each in spec.rules])
    rules = tuple(_rule(part, index, each) for index, each in enumerate(spec.rules))
    return route(part, found.metadata, RouteKind.GRPC, attached, hosts=spec.hostnames, rules=rules)


def _rule(part: Written, index: int, spec: GrpcRule) -> RouteRule:
    path = ("spec", "rules", index)
    matches = tuple(grpc_match(part, (*path, "matches", number), each) for number, each in enumerate(spec.matches))
    name = rule_name(part, index, spec.name)
    stays = session(part, (*path, "sessionPersistence"), spec.session_persistence, name)
    treatment = Treatment(session=stays, status_without_backends=UNAVAILABLE)
    return rule(part, index, spec, matches or (Match(),), RouteKind.GRPC, treatment)


KIND = ObjectKind(
    group=GROUP,
    versions=("v1", "v1beta1", "v1alpha2"),
    kind="GRPCRoute",
    schema=GrpcRoute,
    read=read,
    documentation="https://gateway-api.sigs.k8s.io/reference/api-types/grpcroute/",
)

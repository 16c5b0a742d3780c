"""Documents that the compiler fails at: the model has no limits, Envoy's messages have."""

from __future__ import annotations

from dataclasses import replace

from tests.flow.world import name, service
from tulle.model.documents import Origin
from tulle.model.mesh import Mesh
from tulle.model.policies import Fault, Policy
from tulle.model.routes import RouteSet

ENDLESS = 1e40
HERE = Origin("file", "bad.yaml")


def endless(route_set: RouteSet) -> RouteSet:
    """The same, with a rule that cannot be compiled."""
    fault = Fault(delay=ENDLESS)
    return replace(route_set, rules=tuple(replace(each, origin=HERE, fault=fault) for each in route_set.rules))


def unreachable(mesh: Mesh, text: str) -> Mesh:
    """The same, with a service whose clusters cannot be compiled."""
    broken = replace(service(text), policy=Policy(connect_timeout=ENDLESS), origin=HERE)
    return replace(mesh, services={**mesh.services, name(text): broken})

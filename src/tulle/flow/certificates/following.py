"""What a mesh wants of resolvers. Pure, but for telling them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from tulle.flow.certificates.planning import plan
from tulle.flow.certificates.possible import unusable
from tulle.flow.certificates.resolvers import Resolvers
from tulle.flow.certificates.wishes import wishes
from tulle.model.findings import Finding
from tulle.model.mesh import Mesh
from tulle.model.resolvers import Resolver, WantedCertificate


def follow(resolvers: Resolvers, mesh: Mesh) -> None:
    """Tell resolvers what the routers of a mesh want."""
    resolvers.follow(*_asked(mesh), mesh.edge.provided if mesh.edge is not None else ())


def impossible(mesh: Mesh) -> tuple[Finding, ...]:
    """What can never be obtained as it is written, whoever tries."""
    resolvers, wanted = _asked(mesh)
    reasons = {name: reason for name, each in resolvers.items() if (reason := unusable(each))}
    return plan(resolvers, wanted, {}, reasons, frozenset(), datetime.now(UTC)).findings


def _asked(mesh: Mesh) -> tuple[Mapping[str, Resolver], tuple[WantedCertificate, ...]]:
    settings = {name.name: each.settings for name, each in mesh.resolvers.items()}
    return settings, wishes(mesh.edge.wishes) if mesh.edge is not None else ()

"""What a mesh wants of resolvers. Pure, but for telling them."""

from __future__ import annotations

from tulle.flow.certificates.resolvers import Resolvers
from tulle.flow.certificates.wishes import wishes
from tulle.model.mesh import Mesh


def follow(resolvers: Resolvers, mesh: Mesh) -> None:
    """Tell resolvers what the routers of a mesh want."""
    settings = {name.name: each.settings for name, each in mesh.resolvers.items()}
    wanted = wishes(mesh.edge.wishes) if mesh.edge is not None else ()
    resolvers.follow(settings, wanted)

"""Services that the control plane answers for, each at a path of its own: who may read may not write."""

from __future__ import annotations

from tulle.dialects.written import Written
from tulle.model.names import Name
from tulle.model.routers import INTERNAL, Blend, Reference, Share, Steps
from tulle.model.steps import AddPrefix, Step, StripPrefix

PLANE = Name(INTERNAL, "plane")
"""The control plane itself; nobody else names it."""


def service(part: Written, name: str, base: str = "") -> tuple[Steps, Blend]:
    """The service of this name, and what is done on the way to it; its paths are below a base."""
    own = Name(INTERNAL, name)
    stripped: tuple[Step, ...] = (StripPrefix(prefixes=(base,)),) if base.strip("/") else ()
    way = Steps(name=own, origin=part.origin, steps=(*stripped, AddPrefix(prefix=f"/{name}")))
    plane = Share(to=Reference(PLANE, part.origin))
    return way, Blend(name=own, origin=part.origin, shares=(plane,), steps=(Reference(own, part.origin),))

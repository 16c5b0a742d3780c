"""`edge`: entry points, routers and all that they are made of, in the words of Traefik.

What holds at an entry point (whose headers are believed, which paths are refused, what is done on the way) holds for
all of its routers, so the native language takes them together: each is a part of its own, of the kinds of Traefik.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from tulle.dialects.base import Split
from tulle.dialects.fields import shown
from tulle.dialects.traefik.dialect import DIALECT
from tulle.kit.located import LocatedMap
from tulle.model.documents import Document, Key
from tulle.model.findings import Finding

SECTION = "edge"
DESCRIPTION = (
    "Entry points, routers and all that they are made of: the static and the dynamic configuration of Traefik together."
)


def parts(document: Document, known: Mapping[Key, Document]) -> Split:
    """The parts of the section, and what is wrong around them; nothing if there is none."""
    value = document.data.get(SECTION)
    if value is None:
        return (), ()
    if isinstance(value, LocatedMap):
        return DIALECT.split(replace(document, content=value), known)
    lines = document.data.lines if isinstance(document.data, LocatedMap) else {}
    place = document.origin.at(document.origin.line + lines.get(SECTION, 0))
    return (), (Finding.error(place, f'"{SECTION}" must be a mapping, not {shown(value)}'),)

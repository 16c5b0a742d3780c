"""Keys of Traefik 1 in a key-value store (`/traefik/frontends/web/backend`), as frontends and backends. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from tulle.kit.flat_keys import nested, stored
from tulle.kit.located import LocatedMap

SECTIONS = frozenset(("frontends", "backends", "tls"))
_ALIAS = "alias"


def configuration(pairs: Mapping[str, str], prefix: str) -> tuple[LocatedMap, tuple[str, ...]]:
    """What keys below a prefix say, and what is wrong with them. The key `alias` may name another prefix."""
    alias = pairs.get(f"{prefix.rstrip('/')}/{_ALIAS}", "")
    root = alias or prefix
    entries = [
        (path, value)
        for key, value in pairs.items()
        if (path := stored(key, root)) is not None and path[0].lower() in SECTIONS and len(path) > 1
    ]
    found, clashes = nested(entries)
    return found, tuple(f"{root.rstrip('/')}/{'/'.join(clash.path)} {clash.sentence}" for clash in clashes)

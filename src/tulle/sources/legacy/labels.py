"""Labels of Traefik 1 (`traefik.frontend.rule`), as frontends and backends. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from tulle.kit.flat_keys import nested
from tulle.kit.located import LocatedMap

PREFIX = "traefik."
FRONTEND, BACKEND = "traefik.frontend.", "traefik.backend."
_SEGMENT = re.compile(r"traefik\.(.+?)\.(port|portIndex|portName|weight|protocol|backend|frontend\.(.+))", re.DOTALL)
_PAGE = re.compile(r"traefik\.frontend\.errors\.[^.]+\.backend", re.IGNORECASE)
Labels = Mapping[str, str]


def segments(labels: Labels) -> dict[str, dict[str, str]]:
    """Labels of parts of an application (`traefik.<part>.frontend.rule`), each with those that are for all.

    Without parts there is one, without a name.
    """
    common: dict[str, str] = {}
    parts: dict[str, dict[str, str]] = {}
    for name, value in labels.items():
        if not name.startswith(PREFIX):
            continue
        found = None if name.startswith((FRONTEND, BACKEND)) else _SEGMENT.fullmatch(name)
        if found:
            parts.setdefault(found[1], {})[f"{PREFIX}{found[2]}"] = value
        else:
            common[name] = value
    return {name: {**common, **part} for name, part in parts.items()} or {"": common}


@dataclass(frozen=True, slots=True)
class Said:
    """What labels say of a frontend and its backend."""

    frontend: LocatedMap
    backend: LocatedMap
    problems: tuple[str, ...]


def said(labels: Labels) -> Said:
    """Options by name, in any case, as texts."""
    results, problems = [], []
    for prefix in (FRONTEND, BACKEND):
        paths = [
            (tuple(name[len(prefix) :].split(".")), f"backend-{value}" if _PAGE.fullmatch(name) else value)
            for name, value in labels.items()
            if name.startswith(prefix) and all(name[len(prefix) :].split("."))
        ]
        found, clashes = nested(paths)
        results.append(found)
        problems += [f"the label {prefix}{'.'.join(clash.path)} {clash.sentence}" for clash in clashes]
    return Said(results[0], results[1], tuple(problems))

"""The language of Traefik: cuts static and dynamic configuration into routers, middlewares, services, entry points, ….

Keys may be in any case, and values text: what a file says comes from labels and key-value stores alike.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property

import tulle.dialects.traefik
from tulle.dialects.base import Split
from tulle.dialects.sections import Kind, Shape, Splitting, kinds_of, path_of, subject
from tulle.dialects.traefik.spelling import spelt
from tulle.dialects.written import Written
from tulle.kit.located import LocatedMap
from tulle.model.documents import Document, Key
from tulle.model.findings import Finding, did_you_mean
from tulle.model.mesh import Fragment
from tulle.model.routers import PROVIDER, STATIC

FILE_LIKE = frozenset(("converted", "file", "store"))
"""Sources whose documents are what Traefik's file provider has."""


class TraefikDialect:
    """Version 3, and what version 2 said otherwise."""

    name = "traefik"

    @cached_property
    def kinds(self) -> Mapping[str, Kind]:
        """Every kind by its name."""
        return kinds_of(tulle.dialects.traefik)

    @cached_property
    def sections(self) -> Mapping[str, Mapping[str, str]]:
        """The top-level keys of documents by their names in lower case: what they are called; for those that hold
        sections of their own, too."""
        found: dict[str, dict[str, str]] = {}
        for kind in self.kinds.values():
            inner = found.setdefault(kind.section[0], {})
            inner.update({step.lower(): step for step in kind.section[1:2]})
        return found

    def claims(self, data: Mapping[str, object]) -> bool:
        """What has a section of Traefik, and is no object of Kubernetes."""
        if "apiVersion" in data or "kind" in data:
            return False
        names = {section.lower() for section in self.sections}
        return any(key.lower() in names for key in data)

    def split(self, document: Document, known: Mapping[Key, Document]) -> Split:
        """One part for each router, middleware, service, …, and for each section of the static configuration."""
        data = self._usual(document.data)
        splitting = Splitting(self, document, data, known)
        self._check_around(data, splitting)
        return splitting.result()

    def read(self, part: Document) -> Fragment:
        """The meaning of one part."""
        kind = self.kinds.get(part.key.kind)
        if kind is None:
            message = f'nothing here reads kind "{part.key.kind}"{did_you_mean(part.key.kind, self.kinds)}'
            return Fragment(findings=(Finding.error(part.origin, message),))
        named = part.origin.subject or subject(kind, part.key.name.name)
        written = Written(part, named, path_of(kind, part))
        written.value = spelt(written.value, kind.schema)
        return kind.read(written)

    def name_problem(self, kind: Kind, name: str) -> str:
        """Names are free, but for what tells a provider."""
        if not name:
            return "a name is missing"
        return f'a name has no "{PROVIDER}": what follows it is a provider' if PROVIDER in name else ""

    def namespace(self, document: Document, kind: Kind, value: object) -> str:
        """The provider."""
        if kind.is_global:
            return STATIC
        source = document.origin.source
        return f"{PROVIDER}file" if source in FILE_LIKE else f"{PROVIDER}{source}"

    def around(self, data: Mapping[str, object]) -> Mapping[str, object]:
        """Nothing."""
        return {}

    def _usual(self, data: Mapping[str, object]) -> Mapping[str, object]:
        """The sections as the documentation writes them, whatever their case."""
        names = {section.lower(): section for section in self.sections}
        found = _renamed(data, names)
        for name, inner in self.sections.items():
            value = found.get(name)
            if inner and isinstance(value, dict):
                found[name] = _renamed(value, inner)
        return found

    def _check_around(self, data: Mapping[str, object], splitting: Splitting) -> None:
        """Note what is wrong with the keys around the parts."""
        self._check_keys(data, "", self.sections, splitting)
        for name, inner in self.sections.items():
            value = data.get(name)
            if inner and isinstance(value, dict):
                self._check_keys(value, f" in {name}", inner.values(), splitting)
        named = [kind.section for kind in self.kinds.values() if kind.shape is Shape.NAMED]
        splitting.repetitions(data, *(_within(data, section) for section in named))

    def _check_keys(self, data: Mapping[str, object], place: str, known: Iterable[str], splitting: Splitting) -> None:
        words = sorted(known)
        lines: Mapping[str, int] = data.lines if isinstance(data, LocatedMap) else {}
        for key in data:
            if key not in words:
                hint = did_you_mean(key, words) or f"; known are {', '.join(words)}"
                splitting.error(lines.get(key, 0), f'unknown field "{key}"{place}{hint}')


def _renamed(data: Mapping[str, object], names: Mapping[str, str]) -> LocatedMap:
    lines: Mapping[str, int] = data.lines if isinstance(data, LocatedMap) else {}
    result = LocatedMap(getattr(data, "line", 0))
    repeated = list(getattr(data, "repeated", ()) or ())
    for key, value in data.items():
        name, line = names.get(key.lower(), key), lines.get(key, result.line)
        if name in result:
            repeated.append((name, line))
        else:
            result.put(name, value, line)
    result.repeated = tuple(repeated)
    return result


def _within(data: Mapping[str, object], section: tuple[str, ...]) -> object:
    value: object = data
    for step in section:
        value = value.get(step) if isinstance(value, dict) else None
    return value


DIALECT = TraefikDialect()

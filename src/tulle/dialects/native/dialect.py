"""The native dialect: cuts a document into services, routes, listeners and settings, each a part of its own.

A part is itself a small native document that holds nothing else, so that a store can keep it and `apply` it again.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Iterator, Mapping
from functools import cached_property
from importlib import import_module
from types import MappingProxyType
from typing import Any

import tulle.dialects.native
from tulle.dialects.base import Split
from tulle.dialects.fields import LABEL, shown
from tulle.dialects.native.kind import Kind, Shape
from tulle.dialects.written import Written
from tulle.kit.located import LocatedList, LocatedMap, is_moved
from tulle.model.documents import Anchor, Document, Key, Origin
from tulle.model.findings import Finding, did_you_mean
from tulle.model.mesh import Fragment
from tulle.model.names import DEFAULT_NAMESPACE, SYSTEM_NAMESPACE, Name

Found = tuple[Kind, str, object, tuple[int, ...]]
"""A part: kind, name, value, and the lines of the sections around it and of itself."""


class NativeDialect:
    """What a person would want to type."""

    name = "native"

    @cached_property
    def kinds(self) -> Mapping[str, Kind]:
        """Every kind by its name: the `KIND` of each module of this package."""
        modules = (
            import_module(f"tulle.dialects.native.{entry.name}")
            for entry in pkgutil.iter_modules(tulle.dialects.native.__path__)
            if entry.name != "dialect"
        )
        kinds: list[Kind] = [module.KIND for module in modules if hasattr(module, "KIND")]
        return MappingProxyType({kind.name: kind for kind in sorted(kinds, key=lambda kind: kind.name)})

    @cached_property
    def sections(self) -> frozenset[str]:
        """The top-level keys of a document."""
        return frozenset({"namespace", *(kind.section[0] for kind in self.kinds.values())})

    def claims(self, data: Mapping[str, object]) -> bool:
        """Everything that does not look like a Kubernetes object: so that a typo in a key is understood as one."""
        return "apiVersion" not in data and "kind" not in data

    def split(self, document: Document, known: Mapping[Key, Document]) -> Split:
        """One part for each service, route, listener, and for the settings."""
        return _Splitting(self, document, known).result()

    def read(self, part: Document) -> Fragment:
        """The meaning of one part."""
        kind = self.kinds.get(part.key.kind)
        if kind is None:
            message = f'nothing here reads kind "{part.key.kind}"{did_you_mean(part.key.kind, self.kinds)}'
            return Fragment(findings=(Finding.error(part.origin, message),))
        path = kind.section if kind.shape is Shape.WHOLE else (*kind.section, _last_step(part.data, kind.section))
        return kind.read(Written(part, part.origin.subject or subject(kind, part.key.name.name), path))


def _last_step(data: Mapping[str, object], section: tuple[str, ...]) -> str | int:
    """The only key (or index) of the section that a part holds."""
    value: Any = data
    for step in section:
        value = value[step]
    return 0 if isinstance(value, list) else str(next(iter(value)))


def subject(kind: Kind, name: str) -> str:
    """What a part is called in sentences: `service web`."""
    return kind.noun if kind.shape is Shape.WHOLE else f"{kind.noun} {name}"


class _Splitting:
    """The cutting of one document."""

    def __init__(self, dialect: NativeDialect, document: Document, known: Mapping[Key, Document]) -> None:
        self.dialect = dialect
        self.document = document
        self.known = known
        self.findings: list[Finding] = []
        self.parts: dict[Key, Document] = {}
        self.namespace = DEFAULT_NAMESPACE

    def result(self) -> Split:
        data = self.document.data
        self.frame(data)
        self.namespace = self.default_namespace(data)
        for kind in self.dialect.kinds.values():
            for found in self.found(kind):
                self.add(found)
        return tuple(self.parts.values()), tuple(self.findings)

    def frame(self, data: Mapping[str, object]) -> None:
        """What is wrong with the keys around the parts."""
        lines: Mapping[str, int] = data.lines if isinstance(data, LocatedMap) else {}
        for key in data:
            if key not in self.dialect.sections:
                hint = did_you_mean(key, self.dialect.sections)
                known = "" if hint else f"; known are {', '.join(sorted(self.dialect.sections))}"
                self.error(lines.get(key, 0), f'unknown field "{key}"{hint or known}')
        gateway = data.get("gateway")
        if isinstance(gateway, dict):
            within = gateway.lines if isinstance(gateway, LocatedMap) else {}
            for key in gateway:
                if key != "listeners":
                    hint = did_you_mean(key, ["listeners"]) or "; known is listeners"
                    self.error(within.get(key, 0), f'gateway: unknown field "{key}"{hint}')
        listeners = gateway.get("listeners") if isinstance(gateway, dict) else None
        sections = [kind.section for kind in self.dialect.kinds.values() if kind.shape is Shape.NAMED]
        named = (data.get(section) for section in (path[0] for path in sections if len(path) == 1))
        repeating: tuple[object, ...] = (data, gateway, *named, listeners)
        for section in repeating:
            if not isinstance(section, LocatedMap):
                continue
            for key, line in section.repeated or ():
                first = self.document.origin.line + section.lines[key]
                self.error(line, f'"{key}" is written twice (first in line {first}); the first one counts')

    def default_namespace(self, data: Mapping[str, object]) -> str:
        given = data.get("namespace")
        if given is None:
            return DEFAULT_NAMESPACE
        if isinstance(given, str) and LABEL.fullmatch(given):
            return given
        lines: Mapping[str, int] = data.lines if isinstance(data, LocatedMap) else {}
        self.error(lines.get("namespace", 0), f'"namespace" must be a name of lower-case letters, not {shown(given)}')
        return DEFAULT_NAMESPACE

    def found(self, kind: Kind) -> Iterator[Found]:
        """The parts of one kind."""
        value: Any = self.document.data
        lines: tuple[int, ...] = (0,)
        for depth, step in enumerate(kind.section):
            if not isinstance(value, dict):
                if value is not None:
                    self.error(lines[-1], f'"{".".join(kind.section[:depth])}" must be a mapping, not {shown(value)}')
                return
            known: Mapping[str, int] = getattr(value, "lines", {})
            lines = (*lines, known.get(step, lines[-1]))
            value = value.get(step)
        if value is None:
            return
        if kind.shape is Shape.WHOLE:
            yield kind, kind.noun, value, lines
        elif kind.shape is Shape.NAMED:
            yield from self.named(kind, value, lines)
        else:
            yield from self.listed(kind, value, lines)

    def named(self, kind: Kind, value: object, lines: tuple[int, ...]) -> Iterator[Found]:
        if not isinstance(value, dict):
            self.error(lines[-1], f'"{".".join(kind.section)}" must be a mapping of names, not {shown(value)}')
            return
        known: Mapping[str, int] = value.lines if isinstance(value, LocatedMap) else {}
        for name, item in value.items():
            line = known.get(name, 0)
            if LABEL.fullmatch(name):
                yield kind, name, item, (*lines, line)
            else:
                message = f"{kind.noun} {shown(name)}: a name has lower-case letters, digits and -, at most 63"
                self.error(line, message)

    def listed(self, kind: Kind, value: object, lines: tuple[int, ...]) -> Iterator[Found]:
        if not isinstance(value, list):
            self.error(lines[-1], f'"{".".join(kind.section)}" must be a list, not {shown(value)}')
            return
        for index, item in enumerate(value):
            line = value.lines[index] if isinstance(value, LocatedList) else 0
            if isinstance(item, dict):
                yield kind, kind.identify(item), item, (*lines, line)
            else:
                self.error(line, f"{kind.noun} must be a mapping, not {shown(item)}")

    def add(self, found: Found) -> None:
        """The document of one part: the one that is known, if it did not change."""
        kind, name, value, lines = found
        key = Key(kind.name, Name(self.namespace_of(kind, value), name))
        if key in self.parts:
            first = self.parts[key].origin
            self.error(lines[-1], f"{subject(kind, name)} is given twice (first at {first}); the first one counts")
            return
        old = self.known.get(key)
        line = self.document.origin.line + lines[-1]
        if old is not None and self.is_same(kind, old, value, lines[-1]):
            old.origin.anchor.move(line, self.document.origin.anchor)
            self.parts[key] = old
            return
        origin = self.document.origin
        here = Origin(origin.source, origin.file, Anchor(line, origin.anchor), 0, subject(kind, name))
        data = wrapped(kind, name, value, lines, self.document.data)
        self.parts[key] = Document(here, key, data, self.document.folder, self.document.revision)

    def is_same(self, kind: Kind, old: Document, value: object, line: int) -> bool:
        """Whether a part says the same, in the same relative lines, as its last version."""
        if old.origin.file != self.document.origin.file or old.folder != self.document.folder:
            return False
        if old.data.get("namespace") != self.document.data.get("namespace"):
            return False
        before: Any = old.data
        for step in kind.section:
            before = before[step]
        if kind.shape is not Shape.WHOLE:
            before = before[_last_step(old.data, kind.section)]
        shift = line - getattr(old.data, "line", 0)
        return bool(before == value) and is_moved(before, value, shift)

    def namespace_of(self, kind: Kind, value: object) -> str:
        if kind.is_global:
            return SYSTEM_NAMESPACE
        given = value.get("namespace") if isinstance(value, dict) else None
        return given if isinstance(given, str) and LABEL.fullmatch(given) else self.namespace

    def error(self, line: int, message: str) -> None:
        origin = self.document.origin
        self.findings.append(Finding.error(origin.at(origin.line + line), message))


def wrapped(kind: Kind, name: str, value: object, lines: tuple[int, ...], data: Mapping[str, object]) -> LocatedMap:
    """A native document that holds one part and the namespace that it stands in; its line is that of the part."""
    line = lines[-1]
    result = LocatedMap(line)
    if "namespace" in data:
        result.put("namespace", data["namespace"], line)
    inner = value
    if kind.shape is Shape.NAMED:
        inner = LocatedMap(line)
        inner.put(name, value, line)
    elif kind.shape is Shape.LISTED:
        inner = LocatedList(line)
        inner.append(value)
        inner.lines.append(line)
    for step in reversed(kind.section[1:]):
        outer = LocatedMap(line)
        outer.put(step, inner, line)
        inner = outer
    result.put(kind.section[0], inner, line)
    return result


DIALECT = NativeDialect()

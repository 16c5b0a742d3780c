"""Documents of sections: cut into parts by sections of mappings and lists, each part a small document of its own."""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from importlib import import_module
from types import MappingProxyType, ModuleType
from typing import Any, Protocol

from pydantic import BaseModel

from tulle.dialects.base import Split
from tulle.dialects.fields import shown
from tulle.dialects.written import Written
from tulle.kit.located import LocatedList, LocatedMap, is_moved
from tulle.model.documents import Anchor, Document, Key, Origin
from tulle.model.findings import Finding
from tulle.model.mesh import Fragment
from tulle.model.names import Name


class Shape(Enum):
    """How the parts of a kind stand in their section."""

    WHOLE = "whole"
    """The section is the part; there is one."""
    NAMED = "named"
    """A mapping: each entry is a part, its key is the name."""
    LISTED = "listed"
    """A list: each item is a part, `identify` gives it a name that does not depend on its position."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind. Its module has it as `KIND`; the dialect finds it there."""

    name: str
    """`native/service`"""
    noun: str
    """In sentences: `service`."""
    section: tuple[str, ...]
    """Keys that lead to its parts: `("gateway", "listeners")`."""
    shape: Shape
    schema: type[BaseModel]
    read: Callable[[Written], Fragment]
    identify: Callable[[Mapping[str, object]], str] = lambda data: str(data.get("name"))
    """For `LISTED`: the name of an item, as it was written (it may be malformed)."""
    is_global: bool = False
    """Whether it belongs to no namespace."""
    is_policy: bool = False
    """Whether it says who may do what, so that something is open without it."""
    description: str = ""
    """For the reference."""


Found = tuple[Kind, str, object, tuple[int, ...]]
"""A part: kind, name, value, and the lines of the sections around it and of itself."""


def kinds_of(package: ModuleType) -> Mapping[str, Kind]:
    """Every kind of a language by its name: the `KIND` (or `KINDS`) of each module of its package."""
    names = (entry.name for entry in pkgutil.iter_modules(package.__path__) if entry.name != "dialect")
    modules = [import_module(f"{package.__name__}.{name}") for name in names]
    found: list[Kind] = [module.KIND for module in modules if hasattr(module, "KIND")]
    found += [kind for module in modules for kind in getattr(module, "KINDS", ())]
    return MappingProxyType({kind.name: kind for kind in sorted(found, key=lambda kind: kind.name)})


def last_step(data: Mapping[str, object], section: tuple[str, ...]) -> str | int:
    """The only key (or index) of the section that a part holds."""
    value: Any = data
    for step in section:
        value = value[step]
    return 0 if isinstance(value, list) else str(next(iter(value)))


def subject(kind: Kind, name: str) -> str:
    """What a part is called in sentences: `service web`."""
    return kind.noun if kind.shape is Shape.WHOLE else f"{kind.noun} {name}"


def path_of(kind: Kind, part: Document) -> tuple[str | int, ...]:
    """Where the value of a part is within its data."""
    return kind.section if kind.shape is Shape.WHOLE else (*kind.section, last_step(part.data, kind.section))


class Frame(Protocol):
    """What a language says about the sections of its documents."""

    @property
    def kinds(self) -> Mapping[str, Kind]:
        """By name."""
        ...

    def name_problem(self, kind: Kind, name: str) -> str:
        """What is wrong with the name of a part; empty if nothing is."""
        ...

    def namespace(self, document: Document, kind: Kind, value: object) -> str:
        """The namespace of a part."""
        ...

    def around(self, data: Mapping[str, object]) -> Mapping[str, object]:
        """What a part keeps of the document that it stands in, beside its section."""
        ...


class Splitting:
    """The cutting of one document."""

    def __init__(
        self, frame: Frame, document: Document, data: Mapping[str, object], known: Mapping[Key, Document]
    ) -> None:
        """`data` are those of the document, with the sections named as their kinds have them."""
        self.frame = frame
        self.document = document
        self.data = data
        self.known = known
        self.findings: list[Finding] = []
        self.parts: dict[Key, Document] = {}

    def result(self) -> Split:
        """All parts, and what is wrong around them."""
        for kind in self.frame.kinds.values():
            for found in self._found(kind):
                self._add(found)
        return tuple(self.parts.values()), tuple(self.findings)

    def repetitions(self, *sections: object) -> None:
        """Note keys that are written twice in some of the sections."""
        for section in sections:
            if not isinstance(section, LocatedMap):
                continue
            for key, line in section.repeated or ():
                first = self.document.origin.line + section.lines[key]
                self.error(line, f'"{key}" is written twice (first in line {first}); the first one counts')

    def _found(self, kind: Kind) -> Iterator[Found]:
        """The parts of one kind."""
        value: Any = self.data
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
            yield from self._named(kind, value, lines)
        else:
            yield from self._listed(kind, value, lines)

    def _named(self, kind: Kind, value: object, lines: tuple[int, ...]) -> Iterator[Found]:
        if not isinstance(value, dict):
            self.error(lines[-1], f'"{".".join(kind.section)}" must be a mapping of names, not {shown(value)}')
            return
        known: Mapping[str, int] = value.lines if isinstance(value, LocatedMap) else {}
        for name, item in value.items():
            line = known.get(name, 0)
            if problem := self.frame.name_problem(kind, name):
                self.error(line, f"{kind.noun} {shown(name)}: {problem}")
            else:
                yield kind, name, item, (*lines, line)

    def _listed(self, kind: Kind, value: object, lines: tuple[int, ...]) -> Iterator[Found]:
        if not isinstance(value, list):
            self.error(lines[-1], f'"{".".join(kind.section)}" must be a list, not {shown(value)}')
            return
        for index, item in enumerate(value):
            line = value.lines[index] if isinstance(value, LocatedList) else 0
            if isinstance(item, dict):
                yield kind, kind.identify(item), item, (*lines, line)
            else:
                self.error(line, f"{kind.noun} must be a mapping, not {shown(item)}")

    def _add(self, found: Found) -> None:
        """The document of one part: the one that is known, if it did not change."""
        kind, name, value, lines = found
        key = Key(kind.name, Name(self.frame.namespace(self.document, kind, value), name))
        if key in self.parts:
            first = self.parts[key].origin
            self.error(lines[-1], f"{subject(kind, name)} is given twice (first at {first}); the first one counts")
            return
        old = self.known.get(key)
        line = self.document.origin.line + lines[-1]
        if old is not None and self._is_same(kind, old, value, lines[-1]):
            old.origin.anchor.move(line, self.document.origin.anchor)
            self.parts[key] = old
            return
        origin = self.document.origin
        here = Origin(origin.source, origin.file, Anchor(line, origin.anchor), 0, subject(kind, name))
        data = wrapped(kind, name, value, lines, self.frame.around(self.data))
        self.parts[key] = Document(here, key, data, self.document.folder, self.document.revision)

    def _is_same(self, kind: Kind, old: Document, value: object, line: int) -> bool:
        """Whether a part says the same, in the same relative lines, as its last version."""
        if old.origin.file != self.document.origin.file or old.folder != self.document.folder:
            return False
        around = self.frame.around(self.data)
        if self.frame.around(old.data) != around:
            return False
        before: Any = old.data
        for step in kind.section:
            before = before[step]
        if kind.shape is not Shape.WHOLE:
            before = before[last_step(old.data, kind.section)]
        shift = line - getattr(old.data, "line", 0)
        return bool(before == value) and is_moved(before, value, shift)

    def error(self, line: int, message: str) -> None:
        """Note a mistake in a line of the document."""
        origin = self.document.origin
        self.findings.append(Finding.error(origin.at(origin.line + line), message))


def wrapped(kind: Kind, name: str, value: object, lines: tuple[int, ...], around: Mapping[str, object]) -> LocatedMap:
    """A document that holds one part, and what it keeps of what is around it; its line is that of the part."""
    line = lines[-1]
    result = LocatedMap(line)
    for key, given in around.items():
        result.put(key, given, line)
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

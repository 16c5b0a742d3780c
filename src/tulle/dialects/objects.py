"""Kubernetes-shaped objects: `apiVersion`, `kind`, `metadata` and the rest. What they mean is said by the dialects."""

from __future__ import annotations

import pkgutil
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from types import MappingProxyType
from typing import Annotated, Any, TypeVar, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel
from pydantic.fields import FieldInfo

from tulle.dialects.base import Split
from tulle.dialects.fields import Several, refuse, shown
from tulle.dialects.written import Written
from tulle.kit.located import LocatedList, LocatedMap, is_moved, line_of
from tulle.model.documents import Anchor, Document, Key, Origin
from tulle.model.findings import Finding, did_you_mean
from tulle.model.mesh import Fragment
from tulle.model.names import DEFAULT_NAMESPACE, SYSTEM_NAMESPACE, Name, named

T = TypeVar("T")
Items = Annotated[tuple[T, ...], Several(alone=False)]
"""A list in the document."""
SUBDOMAIN = re.compile(r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*")
"""RFC 1123, as `metadata.name` has to be."""
LONGEST_NAME = 253


class Partly(BaseModel):
    """A mapping of which only some fields are read, named as Kubernetes does."""

    model_config = ConfigDict(
        extra="ignore",
        strict=True,
        frozen=True,
        alias_generator=to_camel,
        validate_by_name=False,
        validate_by_alias=True,
    )

    @model_validator(mode="before")
    @classmethod
    def _nothing_is_absent(cls, value: object) -> object:
        """To Kubernetes a field with nothing in it is no field."""
        if isinstance(value, dict) and None in value.values():
            return {key: given for key, given in value.items() if given is not None}
        return value


class ObjectSpec(Partly):
    """A mapping with known fields, named as Kubernetes does, and nothing else."""

    model_config = ConfigDict(extra="forbid")


@dataclass(frozen=True, slots=True)
class Differs:
    """Marks a field that means something a little different here."""

    note: str


@dataclass(frozen=True, slots=True)
class Refused:
    """Marks a field that has no effect here; whoever writes it gets a finding that says so."""

    note: str
    """The rest of a sentence that begins with the name of the field: `has no effect: …`."""
    unless: tuple[object, ...] = ()
    """Values that are fine, because they change nothing."""
    is_error: bool = False
    """Whether the object makes no sense without the field, so that it is not used."""


def _text(value: object) -> object:
    if value is None:
        return ""
    if not isinstance(value, str):
        refuse(f"must be text, not {shown(value)}; put it in quotes")
    return value


Strings = Annotated[dict[str, Annotated[str, BeforeValidator(_text)]], Field(default_factory=dict)]


class Metadata(Partly):
    """What every object has; fields that Kubernetes itself fills in are taken and mean nothing."""

    name: str = Field("", description="How it is called.")
    namespace: str = Field("", description="Where it belongs; `default` if not given.")
    labels: Strings = Field(description="What selectors find it by.")
    annotations: Strings = Field(description="Notes; those with a meaning are listed where they are used.")
    creation_timestamp: object = Field(None, description="When it was made: of equal rules the older counts.")


class Object(ObjectSpec):
    """The frame of an object. A kind adds `spec`, or what it has in its place."""

    api_version: str = Field(description="The version of the kind; all that are served are read alike.")
    kind: str = Field(description="The kind.")
    metadata: Metadata = Field(description="Name, namespace, labels.")
    status: object = Field(None, description="Ignored: what others once found.")


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectKind:
    """One kind. Its module has it in `KIND` or `KINDS`; the dialect finds it there."""

    group: str
    """`networking.istio.io`; empty for the core group."""
    versions: tuple[str, ...]
    """The newest first."""
    kind: str
    schema: type[Object]
    read: Callable[[Written], Fragment]
    is_global: bool = False
    """Whether it belongs to no namespace."""
    is_policy: bool = False
    """Whether it says who may do what, so that something is open without it."""
    unnamed: str = ""
    """The name of one without a name, if it may have none."""
    documentation: str = ""
    """Where its fields are specified."""

    @property
    def short(self) -> str:
        """`virtualservice`: what commands call it."""
        return self.kind.lower()


@dataclass(slots=True)
class ObjectDialect:
    """A language of such objects: every kind in the modules of one package."""

    name: str
    package: str
    groups: frozenset[str] = field(default_factory=frozenset)
    """API groups that are all its own: an unknown kind in them is its mistake to report."""
    _kinds: Mapping[str, ObjectKind] | None = None
    _by_kind: dict[tuple[str, str], ObjectKind] = field(default_factory=dict)
    """By API group and kind."""

    @property
    def kinds(self) -> Mapping[str, ObjectKind]:
        """Every kind by `<dialect>/<kind>`."""
        if self._kinds is None:
            self._kinds = MappingProxyType({f"{self.name}/{each.short}": each for each in _found(self.package)})
            self._by_kind = {(each.group, each.kind): each for each in self._kinds.values()}
        return self._kinds

    def claims(self, data: Mapping[str, object]) -> bool:
        """By API group and kind."""
        version = data.get("apiVersion")
        if not isinstance(version, str):
            return False
        group = version.rpartition("/")[0]
        if group in self.groups:
            return True
        return self._kind(group, data.get("kind")) is not None

    def _kind(self, group: str, kind: object) -> ObjectKind | None:
        return self._by_kind.get((group, kind)) if self.kinds and isinstance(kind, str) else None

    def split(self, document: Document, known: Mapping[Key, Document]) -> Split:
        """The object itself."""
        data = document.data
        group, _, version = str(data.get("apiVersion", "")).rpartition("/")
        wanted = str(data.get("kind", ""))
        kind = self._kind(group, wanted)
        origin = document.origin
        if kind is None:
            names = [each.kind for each in self.kinds.values() if each.group == group]
            place = group or "the core group"
            hint = did_you_mean(wanted, names) or f"; known are {', '.join(names)}"
            return (), (Finding.error(_at(document, "kind"), f'nothing here reads kind "{wanted}" of {place}{hint}'),)
        if version not in kind.versions:
            message = f'{wanted} has no version "{version}" that is known here; write {group}/{kind.versions[0]}'
            return (), (Finding.error(_at(document, "apiVersion"), message.replace(" /", " ")),)
        metadata = data.get("metadata")
        if metadata is None and kind.unnamed:
            metadata = {}
        name = metadata.get("name") if isinstance(metadata, dict) else None
        if name is None and isinstance(metadata, dict) and kind.unnamed:
            name = kind.unnamed
        if not isinstance(name, str) or not SUBDOMAIN.fullmatch(name) or len(name) > LONGEST_NAME:
            found = "has no metadata.name" if name is None else f"has the name {shown(name)}"
            message = f"{wanted} {found}; a name has lower-case letters, digits, - and ., at most {LONGEST_NAME}"
            return (), (Finding.error(_at(document, "metadata", "name"), message),)
        assert isinstance(metadata, dict)
        namespace = metadata.get("namespace")
        if namespace is not None and (not isinstance(namespace, str) or not SUBDOMAIN.fullmatch(namespace)):
            message = f"{wanted} {name}: metadata.namespace must be a name, not {shown(namespace)}"
            return (), (Finding.error(_at(document, "metadata", "namespace"), message),)
        place = SYSTEM_NAMESPACE if kind.is_global else namespace or DEFAULT_NAMESPACE
        key = Key(f"{self.name}/{kind.short}", named(place, name))
        line = _at(document).line
        before = known.get(key)
        if before is not None and _is_same(before, document):
            before.origin.anchor.move(line, origin.anchor)
            return (before,), ()
        here = Origin(origin.source, origin.file, Anchor(line, origin.anchor), 0, f"{kind.kind} {name}")
        return (Document(here, key, document.content, document.folder, document.revision),), ()

    def read(self, part: Document) -> Fragment:
        """The meaning of one object."""
        kind = self.kinds.get(part.key.kind)
        if kind is None:
            message = f'nothing here reads kind "{part.key.kind}"{did_you_mean(part.key.kind, self.kinds)}'
            return Fragment(findings=(Finding.error(part.origin, message),))
        return kind.read(Written(part, f"{kind.kind} {part.key.name.name}", ()))


def validated(part: Written, schema: type[T]) -> T | None:
    """The object by its schema, with a finding for each field that has no effect here; None if it cannot be used."""
    found = part.validated(schema)  # type: ignore[type-var]
    if isinstance(found, BaseModel):
        for path, mark in refused(found):
            (part.error if mark.is_error else part.warning)(path, mark.note)
    if found is None or part.has_errors:
        return None
    return found


def refused(value: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Refused]]:
    """Every field that was written and is marked as refused, with its path in the document."""
    if isinstance(value, BaseModel):
        written = value.model_fields_set
        for name, key, mark in _suspects(type(value)):
            if name in written:
                given = getattr(value, name)
                step = (*path, key)
                if mark is not None and given is not None and given not in mark.unless:
                    yield step, mark
                else:
                    yield from refused(given, step)
    elif isinstance(value, tuple):
        for index, item in enumerate(value):
            yield from refused(item, (*path, index))
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from refused(item, (*path, key))


@cache
def _suspects(schema: type[BaseModel]) -> tuple[tuple[str, str, Refused | None], ...]:
    """The fields that are marked as refused, or that may hold one that is: name, as it is written, mark."""
    marked = [(name, info.alias or name, mark_of(info, Refused)) for name, info in schema.model_fields.items()]
    return tuple(
        (name, key, mark)
        for name, key, mark in marked
        if mark is not None or any(_may_refuse(each) for each in _schemas(schema.model_fields[name].annotation))
    )


@cache
def _may_refuse(schema: type[BaseModel]) -> bool:
    """Whether anything within a schema is marked as refused."""
    seen: set[type[BaseModel]] = set()
    open_ = [schema]
    while open_:
        each = open_.pop()
        if each not in seen:
            seen.add(each)
            if any(mark_of(info, Refused) is not None for info in each.model_fields.values()):
                return True
            open_ += [inner for info in each.model_fields.values() for inner in _schemas(info.annotation)]
    return False


def _schemas(annotation: Any) -> Iterator[type[BaseModel]]:
    """The schemas that an annotation names, within whatever else."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _schemas(argument)


Mark = TypeVar("Mark", Differs, Refused)


def mark_of(info: FieldInfo, kind: type[Mark]) -> Mark | None:
    """How a field is marked."""
    return next((mark for mark in info.metadata if isinstance(mark, kind)), None)


def labels_of(strings: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Labels as the model has them: in the order of their names, so that equal ones are equal."""
    return tuple(sorted(strings.items()))


def listed(document: Document) -> tuple[tuple[Document, ...], tuple[Finding, ...]]:
    """The objects of a `List`, each as a document of its own, and what is wrong with the list."""
    items = document.data.get("items")
    if not isinstance(items, LocatedList):
        message = f'"items" of a List must be a list of objects, not {shown(items)}'
        return (), () if items is None else (Finding.error(_at(document, "items"), message),)
    found, findings = [], []
    origin = document.origin
    for index, item in enumerate(items):
        if isinstance(item, LocatedMap):
            here = Origin(origin.source, origin.file, Anchor(origin.line, origin.anchor), 0, origin.subject)
            key = Key(document.key.kind, Name("", f"{document.key.name.name}/{index}"))
            found.append(Document(here, key, item, document.folder, document.revision))
        else:
            place = origin.at(origin.line + items.lines[index])
            findings.append(Finding.error(place, f"an item of a List must be an object, not {shown(item)}"))
    return tuple(found), tuple(findings)


def _is_same(before: Document, now: Document) -> bool:
    """Whether an object says the same, in the same relative lines, as its last version."""
    if before.origin.file != now.origin.file or before.folder != now.folder:
        return False
    old, new = before.data, now.data
    return old == new and is_moved(old, new, getattr(new, "line", 0) - getattr(old, "line", 0))


def _at(document: Document, *path: str) -> Origin:
    """Where something in a whole document (whose lines count from its origin) was written."""
    origin = document.origin
    return origin.at(origin.line + line_of(document.data, path))


def _found(package: str) -> Iterator[ObjectKind]:
    """The kinds in the modules of a package."""
    for entry in pkgutil.iter_modules(import_module(package).__path__):
        if entry.name == "dialect":
            continue
        module: Any = import_module(f"{package}.{entry.name}")
        if hasattr(module, "KIND"):
            yield module.KIND
        yield from getattr(module, "KINDS", ())

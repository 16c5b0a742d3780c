"""The table of every field of every kind of a Kubernetes-shaped dialect: for the documentation, from the schemas."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from tulle.dialects.objects import Differs, Object, ObjectDialect, ObjectKind, Refused, mark_of

FRAME = frozenset({"api_version", "kind", "metadata", "status"})
"""Fields of every object: documented once."""
Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """One field."""

    path: Path
    """Steps from the object: `("spec", "http[]", "match[]", "uri")`; `{}` stands for a key of a mapping."""
    support: str
    """`yes`, `differs` or `refused`."""
    note: str
    """What differs, or why it is refused."""
    description: str

    @property
    def name(self) -> str:
        """`spec.http[].match[].uri`"""
        return ".".join(self.path)


def rows(kind: ObjectKind) -> tuple[Row, ...]:
    """Every field of a kind, each below the one that holds it. A schema within itself is shown once."""
    return tuple(_rows(kind.schema, (), ()))


def reference(dialect: ObjectDialect, used: Mapping[str, Mapping[Path, str]]) -> str:
    """Markdown: a table for each kind.

    Args:
        dialect: the language.
        used: by kind and path, the test in which the field is written.
    """
    return "\n".join(line for kind in dialect.kinds.values() for line in _table(kind, used.get(kind.kind, {})))


def paths_in(value: object, path: Path = ()) -> Iterator[Path]:
    """Every field that a document writes, as rows name them; a key may be that of a mapping, so both are given."""
    if isinstance(value, dict):
        for key, inner in value.items():
            for step in (str(key), "{}"):
                yield (*path, step)
                yield from paths_in(inner, (*path, step))
    elif isinstance(value, list) and path:
        listed = (*path[:-1], f"{path[-1]}[]")
        yield listed
        for item in value:
            yield from paths_in(item, listed)


def _rows(schema: type[BaseModel], path: Path, within: tuple[type[BaseModel], ...]) -> Iterator[Row]:
    for name, info in schema.model_fields.items():
        if issubclass(schema, Object) and name in FRAME:
            continue
        shape, inner = _shape(info.annotation)
        step = (*path, *f"{info.alias or name}{shape}".split("."))
        yield _row(info, step)
        for model in inner:
            if model not in within and mark_of(info, Refused) is None:
                yield from _rows(model, step, (*within, schema, model))


def _row(info: FieldInfo, path: Path) -> Row:
    refused, differs = mark_of(info, Refused), mark_of(info, Differs)
    if refused is not None:
        return Row(path, "refused", refused.note, info.description or "")
    if differs is not None:
        return Row(path, "differs", differs.note, info.description or "")
    return Row(path, "yes", "", info.description or "")


def _shape(annotation: Any) -> tuple[str, tuple[type[BaseModel], ...]]:
    """What stands behind the name of a field in its path (`[]`, `.{}`), and the schemas of what it holds."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return _shape(get_args(annotation)[0])
    if origin in {Union, UnionType}:
        shapes = [_shape(each) for each in get_args(annotation) if each is not type(None)]
        models = tuple(dict.fromkeys(model for _, found in shapes for model in found))
        return next((shape for shape, _ in shapes if shape), ""), models
    if origin is tuple:
        return "[]", _shape(get_args(annotation)[0])[1]
    if origin is dict:
        shape, models = _shape(get_args(annotation)[1])
        return f".{{}}{shape}" if models else "", models
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "", (annotation,)
    return "", ()


def _table(kind: ObjectKind, used: Mapping[Path, str]) -> Iterable[str]:
    group = f"{kind.group}/" if kind.group else ""
    yield f"## {kind.kind}"
    yield ""
    yield f"`{group}{kind.versions[0]}`{_older(kind, group)}. {_summary(kind.schema)}"
    yield ""
    yield "| field | | meaning | test |"
    yield "|---|---|---|---|"
    for row in rows(kind):
        note = f" **{row.support.capitalize()}**: {row.note}." if row.note else ""
        meaning = f"{row.description}{note}".replace("|", "\\|")
        yield f"| `{row.name}` | {row.support} | {meaning} | {used.get(row.path, '')} |"
    yield ""


def _older(kind: ObjectKind, group: str) -> str:
    older = ", ".join(f"`{group}{version}`" for version in kind.versions[1:])
    return f" (also {older})" if older else ""


def _summary(schema: type[BaseModel]) -> str:
    return " ".join((schema.__doc__ or "").split())

"""The table of every field of every kind of a dialect: for the documentation, from the schemas."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel

from tulle.dialects.objects import Differs, Metadata, Object, ObjectDialect, ObjectKind, Refused, mark_of
from tulle.dialects.sections import Kind, Shape

FRAME = frozenset({"api_version", "kind", "metadata", "status"})
"""Fields of every object: documented once."""
Schema = type[BaseModel]
Field = tuple[Schema, str]
"""A schema, and the name that one of its fields has in Python."""


@dataclass(frozen=True, slots=True)
class Topic:
    """A kind, as the documentation has it."""

    title: str
    head: str
    """What stands before its table."""
    schema: Schema


@dataclass(frozen=True, slots=True)
class Row:
    """One field."""

    field: Field
    name: str
    """As a document says it: `spec.http[].match[].uri`; `{}` stands for a key of a mapping."""
    support: str
    """`yes`, `differs` or `refused`."""
    note: str
    """What differs, or why it is refused."""
    description: str
    like: tuple[str, str] | None = None
    """The kind and the field where the fields below this one are shown, as they are the same."""


def objects(dialect: ObjectDialect) -> tuple[Topic, ...]:
    """The kinds of objects of a language."""
    return tuple(Topic(kind.kind, _object(kind), kind.schema) for kind in dialect.kinds.values())


def sections(kinds: Iterable[Kind]) -> tuple[Topic, ...]:
    """The kinds of a language whose documents have sections, in the order of the sections."""
    return tuple(
        Topic(".".join(kind.section), _section(kind), kind.schema)
        for kind in sorted(kinds, key=lambda kind: kind.section)
    )


def tables(topics: Iterable[Topic]) -> Iterator[tuple[Topic, tuple[Row, ...]]]:
    """Every kind with all of its fields, each below the one that holds it; what is the same is shown once."""
    known = tuple(topics)
    shown = {topic.schema: (topic.title, "") for topic in reversed(known)}
    for topic in known:
        is_first = shown[topic.schema] == (topic.title, "")
        yield topic, tuple(_rows(topic, topic.schema, (), shown)) if is_first else ()


def reference(topics: Iterable[Topic], used: Mapping[Field, str], frame: Iterable[str] = ()) -> str:
    """Markdown: a table for each kind.

    Args:
        topics: the kinds.
        used: by field, the test in which it is written.
        frame: what stands before all tables.
    """
    first: dict[Schema, str] = {}
    lines: list[str] = list(frame)
    for topic, rows in tables(topics):
        lines += [f"## {topic.title}", "", topic.head, ""]
        if topic.schema in first:
            lines += [f"Its fields are those of {_link(first[topic.schema])}.", ""]
            continue
        first[topic.schema] = topic.title
        if rows:
            lines += ["| field | | meaning | test |", "|---|---|---|---|"]
            lines += [_line(row, topic, used.get(row.field, "")) for row in rows]
            lines.append("")
    return "\n".join(lines)


def written(schema: Schema, data: object) -> Iterator[Field]:
    """Every field that a document of a kind writes."""
    return _written(schema, data)


def _written(schema: Schema, value: object) -> Iterator[Field]:
    if isinstance(value, list):
        for item in value:
            yield from _written(schema, item)
    elif isinstance(value, dict):
        for name, info in schema.model_fields.items():
            given = value.get(info.alias or name)
            if given is None:
                continue
            yield schema, name
            shape, inner = _shape(info.annotation)
            below = list(given.values()) if shape.startswith(".{}") and isinstance(given, dict) else given
            for model in inner:
                yield from _written(model, below)


def _rows(topic: Topic, schema: Schema, path: tuple[str, ...], shown: dict[Schema, tuple[str, str]]) -> Iterator[Row]:
    for name, info in schema.model_fields.items():
        if issubclass(schema, Object) and name in FRAME:
            continue
        shape, inner = _shape(info.annotation)
        step = (*path, *f"{info.alias or name}{shape}".split("."))
        here = (topic.title, ".".join(step))
        refused, differs = mark_of(info, Refused), mark_of(info, Differs)
        support = "refused" if refused is not None else "differs" if differs is not None else "yes"
        below = () if refused is not None else inner
        like = next((shown[model] for model in below if model in shown), None)
        note = (refused or differs or Differs("")).note
        yield Row((schema, name), here[1], support, note, info.description or "", like)
        for model in below:
            if model not in shown:
                shown[model] = here
                yield from _rows(topic, model, step, shown)


def _shape(annotation: Any) -> tuple[str, tuple[Schema, ...]]:
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


def held(annotation: Any) -> tuple[Schema, ...]:
    """The schemas of what a field of this type holds."""
    return _shape(annotation)[1]


def frame() -> Iterator[str]:
    """What all objects have."""
    yield "Every object has:"
    yield ""
    yield "| field | meaning |"
    yield "|---|---|"
    for name, info in Object.model_fields.items():
        yield f"| `{info.alias or name}` | {info.description} |"
        if name == "metadata":
            for inner, each in Metadata.model_fields.items():
                yield f"| `metadata.{each.alias or inner}` | {each.description} |"
    yield ""


def _object(kind: ObjectKind) -> str:
    group = f"{kind.group}/" if kind.group else ""
    newest, *others = (f"`{group}{version}`" for version in kind.versions)
    older = f" (also {', '.join(others)})" if others else ""
    place = " It belongs to no namespace." if kind.is_global else ""
    more = f" [Its specification]({kind.documentation})." if kind.documentation else ""
    return f"{newest}{older}. {' '.join((kind.schema.__doc__ or '').split())}{place}{more}"


def _section(kind: Kind) -> str:
    place = {Shape.NAMED: "{}", Shape.LISTED: "[]"}.get(kind.shape, "")
    path = f"{'.'.join(kind.section)}{'.' if kind.shape is Shape.NAMED else ''}{place}"
    return " ".join(filter(None, (f"`{path}`.", *(kind.schema.__doc__ or "").split(), kind.description)))


def _line(row: Row, topic: Topic, test: str) -> str:
    meaning = [row.description]
    if row.note:
        meaning.append(f"**{row.support.capitalize()}:** {row.note[0].upper()}{row.note[1:].rstrip('.')}.")
    if row.like is not None:
        meaning.append(f"Its fields are those of {_place(row.like, topic)}.")
    text = _escaped(" ".join(each for each in meaning if each))
    return f"| `{row.name}` | {row.support} | {text} | {test} |"


def _escaped(text: str) -> str:
    """With `*` and `<` as what they are, except in code and where they make words bold."""
    pieces = text.split("`")
    for index in range(0, len(pieces), 2):
        pieces[index] = re.sub(r"(?<!\*)\*(?!\*)", r"\\*", pieces[index]).replace("<", "&lt;")
    return "`".join(pieces).replace("|", "\\|")


def _place(like: tuple[str, str], topic: Topic) -> str:
    title, path = like
    if not path:
        return _link(title)
    return f"`{path}`" if title == topic.title else f"`{path}` of {_link(title)}"


def _link(title: str) -> str:
    return f"[{title}](#{title.lower().replace('.', '')})"

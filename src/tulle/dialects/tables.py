"""The table of every field of every kind of a language: for the documentation, from the schemas."""

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


@dataclass(frozen=True, slots=True)
class Chapter:
    """What the documentation tells about a kind."""

    title: str
    head: str
    """What stands above its table."""
    schema: Schema


def of_objects(dialect: ObjectDialect) -> tuple[Chapter, ...]:
    """The kinds of a Kubernetes-shaped language."""
    return tuple(Chapter(kind.kind, _head(kind), kind.schema) for kind in dialect.kinds.values())


def of_sections(kinds: Iterable[Kind]) -> tuple[Chapter, ...]:
    """The kinds of a language whose documents have sections, in the order of these."""
    found = []
    for kind in sorted(kinds, key=lambda each: each.section):
        words = " ".join((kind.schema.__doc__ or "").split())
        title = ".".join((*kind.section, *(["{}"] if kind.shape is Shape.NAMED else [])))
        many = "A list of such things." if kind.shape is Shape.LISTED else ""
        found.append(Chapter(title, f"{words} {many}".strip(), kind.schema))
    return tuple(found)


def tables(chapters: Iterable[Chapter]) -> Iterator[tuple[Chapter, tuple[Row, ...]]]:
    """Every kind with all of its fields, each below the one that holds it; what is the same is shown once."""
    shown: dict[Schema, tuple[str, str]] = {}
    for chapter in chapters:
        if chapter.schema in shown:
            yield chapter, ()
        else:
            yield chapter, tuple(_rows(chapter.title, chapter.schema, (), shown))
        shown.setdefault(chapter.schema, (chapter.title, ""))


def reference(chapters: Iterable[Chapter], used: Mapping[Field, str]) -> str:
    """Markdown: a table for each kind.

    Args:
        chapters: the kinds.
        used: by field, the test in which it is written.
    """
    first: dict[Schema, str] = {}
    lines: list[str] = []
    for chapter, rows in tables(chapters):
        lines += [f"## {_title(chapter.title)}", "", chapter.head, ""]
        if chapter.schema in first:
            lines += [f"Its fields are those of {_link(first[chapter.schema])}.", ""]
            continue
        first[chapter.schema] = chapter.title
        if rows:
            lines += ["| field | | meaning | test |", "|---|---|---|---|"]
            lines += [_line(row, chapter.title, used.get(row.field, "")) for row in rows]
            lines.append("")
    return "\n".join(lines)


def written(schema: Schema, value: object) -> Iterator[Field]:
    """Every field that a value writes."""
    if isinstance(value, list):
        for item in value:
            yield from written(schema, item)
    elif isinstance(value, dict):
        for name, info in schema.model_fields.items():
            given = value.get(info.alias or name)
            if given is None:
                continue
            yield schema, name
            form, inner = shape(info.annotation)
            below = list(given.values()) if form.startswith(".{}") and isinstance(given, dict) else given
            for model in inner:
                yield from written(model, below)


def _rows(title: str, schema: Schema, path: tuple[str, ...], shown: dict[Schema, tuple[str, str]]) -> Iterator[Row]:
    for name, info in schema.model_fields.items():
        if issubclass(schema, Object) and name in FRAME:
            continue
        form, inner = shape(info.annotation)
        step = (*path, *f"{info.alias or name}{form}".split("."))
        here = (title, ".".join(step))
        refused, differs = mark_of(info, Refused), mark_of(info, Differs)
        support = "refused" if refused is not None else "differs" if differs is not None else "yes"
        below = () if refused is not None else inner
        like = next((shown[model] for model in below if model in shown), None)
        note = (refused or differs or Differs("")).note
        yield Row((schema, name), here[1], support, note, info.description or "", like)
        for model in below:
            if model not in shown:
                shown[model] = here
                yield from _rows(title, model, step, shown)


def shape(annotation: Any) -> tuple[str, tuple[Schema, ...]]:
    """What stands behind the name of a field in its path (`[]`, `.{}`), and the schemas of what it holds."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return shape(get_args(annotation)[0])
    if origin in {Union, UnionType}:
        found = [shape(each) for each in get_args(annotation) if each is not type(None)]
        models = tuple(dict.fromkeys(model for _, inner in found for model in inner))
        return next((form for form, _ in found if form), ""), models
    if origin is tuple:
        return "[]", shape(get_args(annotation)[0])[1]
    if origin is dict:
        form, models = shape(get_args(annotation)[1])
        return f".{{}}{form}" if models else "", models
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "", (annotation,)
    return "", ()


def frame() -> Iterator[str]:
    """Lines about what all objects have."""
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


def _head(kind: ObjectKind) -> str:
    group = f"{kind.group}/" if kind.group else ""
    newest, *others = (f"`{group}{version}`" for version in kind.versions)
    older = f" (also {', '.join(others)})" if others else ""
    place = " It belongs to no namespace." if kind.is_global else ""
    more = f" [Its specification]({kind.documentation})." if kind.documentation else ""
    return f"{newest}{older}. {' '.join((kind.schema.__doc__ or '').split())}{place}{more}"


def _line(row: Row, title: str, test: str) -> str:
    meaning = [row.description]
    if row.note:
        meaning.append(f"**{row.support.capitalize()}:** {row.note[0].upper()}{row.note[1:].rstrip('.')}.")
    if row.like is not None:
        meaning.append(f"Its fields are those of {_place(row.like, title)}.")
    text = _escaped(" ".join(each for each in meaning if each))
    return f"| `{row.name}` | {row.support} | {text} | {test} |"


def _escaped(text: str) -> str:
    """With `*` and `<` as what they are, except in code and where they make words bold."""
    pieces = text.split("`")
    for index in range(0, len(pieces), 2):
        pieces[index] = re.sub(r"(?<!\*)\*(?!\*)", r"\\*", pieces[index]).replace("<", "&lt;")
    return "`".join(pieces).replace("|", "\\|")


def _place(like: tuple[str, str], title: str) -> str:
    return f"`{like[1]}`" if like[0] == title else f"`{like[1]}` of {_link(like[0])}"


def _title(name: str) -> str:
    """What has dots is written in a file; the others are names of kinds."""
    return f"`{name}`" if "." in name or name[:1].islower() else name


def _link(name: str) -> str:
    return f"[{_title(name)}](#{''.join(each for each in name.lower() if each.isalnum())})"

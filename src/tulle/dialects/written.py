"""A part as it was written: where its values stand, and what is wrong with them, in plain sentences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from types import UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from tulle.dialects.fields import shown
from tulle.kit.located import LocatedMap, line_of, repetitions
from tulle.model.documents import Document, Origin
from tulle.model.findings import Finding, did_you_mean

Schema = TypeVar("Schema", bound=BaseModel)
Step = str | int

_TYPES = {
    "string_type": "text", "int_type": "a whole number", "int_from_float": "a whole number",
    "float_type": "a number", "bool_type": "true or false", "dict_type": "a mapping", "model_type": "a mapping",
    "tuple_type": "a list", "list_type": "a list", "model_attributes_type": "a mapping",
}  # fmt: skip
_BOUNDS = {
    "greater_than_equal": ("ge", "at least"), "greater_than": ("gt", "greater than"),
    "less_than_equal": ("le", "at most"), "less_than": ("lt", "less than"),
}  # fmt: skip


@dataclass(slots=True)
class Written:
    """One part while it is being read. Collects the findings on the way."""

    document: Document
    subject: str
    """`service web`"""
    path: tuple[Step, ...]
    """Where the value of the part is within the data of the document."""
    findings: list[Finding] = field(default_factory=list)
    value: Any = field(init=False)
    """The value of the part, as it was written."""
    _base: int = field(init=False)
    """The line of the document in the text that it was parsed from."""

    def __post_init__(self) -> None:
        data: Any = self.document.data
        self._base = line_of(data, ())
        for step in self.path:
            data = data[step]
        self.value = data

    @property
    def origin(self) -> Origin:
        """Where the part begins."""
        return self.document.origin

    @property
    def has_errors(self) -> bool:
        """Whether something was found for which it cannot be used."""
        return any(finding.is_error for finding in self.findings)

    def at(self, *path: Step) -> Origin:
        """Where something within the part was written."""
        origin, value = self.document.origin, self.value
        if not path or not isinstance(value, LocatedMap) or path[0] not in value:
            return origin
        offset = origin.offset + line_of(value, path) - self._base
        return Origin(origin.source, origin.file, origin.anchor, offset, origin.subject)

    def error(self, path: Sequence[Step], predicate: str) -> None:
        """Note a mistake: the rest of a sentence that begins with the name of the field."""
        self.findings.append(self.mistake(path, predicate))

    def mistake(self, path: Sequence[Step], predicate: str) -> Finding:
        """A mistake that somebody else may note."""
        return Finding.error(self.at(*path), self._sentence(path, predicate))

    def warning(self, path: Sequence[Step], predicate: str) -> None:
        """Note what is probably not meant."""
        self.findings.append(Finding.warning(self.at(*path), self._sentence(path, predicate)))

    def _sentence(self, path: Sequence[Step], predicate: str) -> str:
        return f'{self.subject}: "{dotted(path)}" {predicate}' if path else f"{self.subject} {predicate}"

    def validated(self, schema: type[Schema]) -> Schema | None:
        """The value of the part by its schema, or None when it cannot be used."""
        for key, line, first in repetitions(self.value):
            origin = self.origin.at(self.origin.line + line - self._base)
            below = self.origin.line + first - self._base
            self.findings.append(
                Finding.error(origin, f'{self.subject}: "{key}" is written twice (first in line {below})')
            )
        try:
            return schema.model_validate(self.value)
        except ValidationError as error:
            for details in error.errors(include_url=False):
                self._translate(schema, details)
            return None

    def _translate(self, schema: type[BaseModel], details: ErrorDetails) -> None:
        path = tuple(step for step in details["loc"] if step != "[key]")  # pydantic adds it to keys that are wrong
        kind, given = details["type"], details["input"]
        context = details.get("ctx", {})
        if kind == "extra_forbidden":
            hint = did_you_mean(str(path[-1]), fields_at(schema, path[:-1]))
            place = f' in "{dotted(path[:-1])}"' if path[:-1] else ""
            self.findings.append(
                Finding.error(self.at(*path), f'{self.subject}: unknown field "{path[-1]}"{place}{hint}')
            )
        elif kind == "missing":
            self.error(path, "is missing")
        elif kind == "plain":
            self.error(path, str(context["predicate"]))
        elif kind in _TYPES:
            quotes = "; put it in quotes" if kind == "string_type" and isinstance(given, int | float) else ""
            self.error(path, f"must be {_TYPES[kind]}, not {shown(given)}{quotes}")
        elif kind in _BOUNDS:
            name, words = _BOUNDS[kind]
            self.error(path, f"must be {words} {context[name]:g}, not {shown(given)}")
        elif kind in {"enum", "literal_error"}:
            expected = str(context["expected"]).replace("'", "").replace(" or ", ", ").split(", ")
            known = [word for word in expected if word]
            hint = did_you_mean(given, known) if isinstance(given, str) else ""
            self.error(path, f"must be one of {', '.join(known)}, not {shown(given)}{hint}")
        elif kind in {"too_short", "string_too_short"}:
            self.error(path, "is empty; name at least one" if kind == "too_short" else "is empty")
        else:
            self.error(path, f"cannot be used: {details['msg']}")


def dotted(path: Sequence[Step]) -> str:
    """`ports.http.port`, `allow[0].from`."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else str(step)
    return text


def fields_at(schema: Any, path: Sequence[Step]) -> tuple[str, ...]:
    """The field names of a schema, or of what it has at a path."""
    models = list(_models(schema))
    for step in path:
        found = []
        for model in models:
            if isinstance(model, type) and issubclass(model, BaseModel):
                by_name = {info.alias or name: info.annotation for name, info in model.model_fields.items()}
                found += list(_models(by_name.get(str(step))))
            else:
                found += [inner for argument in get_args(model)[-1:] for inner in _models(argument)]
        models = found
    return tuple(
        info.alias or name
        for model in models
        if isinstance(model, type) and issubclass(model, BaseModel)
        for name, info in model.model_fields.items()
    )


def _models(annotation: Any) -> Iterator[Any]:
    """What a value of an annotation may be: models, and generic collections of them."""
    origin = get_origin(annotation)
    if origin is Annotated:
        yield from _models(get_args(annotation)[0])
    elif origin in {Union, UnionType}:
        for argument in get_args(annotation):
            yield from _models(argument)
    elif origin is tuple:
        yield tuple.__class_getitem__((get_args(annotation)[0],))
    else:
        yield annotation

"""Keys in the case in which the documentation writes them: Traefik takes any. Lists as lists, however they came."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel

from tulle.kit.located import LocatedList, LocatedMap

_NUMBER = re.compile("[0-9]{1,9}")


def spelt(value: object, annotation: Any) -> object:
    """A value with the keys that a schema has, where they are the same but for their case; lines stay.

    Keys that nobody knows stay as they are. Names of users (routers, headers, …) are never changed.
    """
    if isinstance(value, dict):
        possible = forms(annotation)
        return _numbered(value, item(possible)) if _is_numbered(value, possible) else _mapping(value, possible)
    if isinstance(value, list):
        return _list(value, item(forms(annotation)))
    return value


def _is_numbered(value: Mapping[str, object], possible: tuple[Any, ...]) -> bool:
    """Whether it is a list as flat keys have it: `{"0": …, "1": …}` where only a list can be."""
    return bool(value) and item(possible) is not None and all(_NUMBER.fullmatch(key) for key in value)


def _numbered(value: Mapping[str, object], inner: Any) -> object:
    """The list. Its order is that of the numbers as texts (0, 1, 10, 2), as Traefik has it.

    Texts are joined by commas, at which they are cut again.
    """
    items = sorted(value.items())
    if all(isinstance(each, str) for _, each in items):
        return ",".join(str(each) for _, each in items)
    result = LocatedList(getattr(value, "line", 0))
    lines: Mapping[str, int] = value.lines if isinstance(value, LocatedMap) else {}
    for key, each in items:
        result.append(spelt(each, inner))
        result.lines.append(lines.get(key, result.line))
    return result


def _mapping(value: Mapping[str, object], possible: Iterable[Any]) -> LocatedMap:
    known: dict[str, tuple[str, Any]] = {}
    named: Any = None
    for form in possible:
        if isinstance(form, type) and issubclass(form, BaseModel):
            known.update(fields(form))
        elif get_origin(form) is dict:
            named = get_args(form)[1]
    lines: Mapping[str, int] = value.lines if isinstance(value, LocatedMap) else {}
    result = LocatedMap(getattr(value, "line", 0))
    repeated = list(getattr(value, "repeated", ()) or ())
    for key, inner in value.items():
        name, schema = known.get(key.lower(), (key, named))
        line = lines.get(key, result.line)
        if name in result:
            repeated.append((name, line))
        else:
            result.put(name, spelt(inner, schema), line)
    result.repeated = tuple(repeated)
    return result


def item(possible: Iterable[Any]) -> Any:
    """What the items of a list may be; None if there can be no list."""
    return next((get_args(form)[0] for form in possible if get_origin(form) in {tuple, list}), None)


def _list(value: list[object], inner: Any) -> LocatedList:
    result = LocatedList(getattr(value, "line", 0))
    result.extend(spelt(each, inner) for each in value)
    result.lines = value.lines if isinstance(value, LocatedList) else [result.line] * len(value)
    return result


@cache
def fields(schema: type[BaseModel]) -> Mapping[str, tuple[str, Any]]:
    """The fields of a schema by their names in lower case: the usual name, and what stands there."""
    found = {}
    for name, info in schema.model_fields.items():
        alias = info.alias or name
        found[alias.lower()] = (alias, info.annotation)
    return found


@cache
def forms(annotation: Any) -> tuple[Any, ...]:
    """What a value may be, without what only says how it is checked."""
    return tuple(_unpacked(annotation))


def _unpacked(annotation: Any) -> Iterator[Any]:
    origin = get_origin(annotation)
    if origin is Annotated:
        yield from _unpacked(get_args(annotation)[0])
    elif origin in {Union, UnionType}:
        for argument in get_args(annotation):
            yield from _unpacked(argument)
    else:
        yield annotation

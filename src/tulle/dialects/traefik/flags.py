"""Static configuration as flags and variables of the environment say it: `--entryPoints.web.address=:80`. Pure.

Names are those of the file, with dots (or `_` in the environment) between them and in any case. What comes of them is
a file in TOML with a line for each, so that whatever is wrong with a value is found at its line like anywhere else.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, get_args, get_origin

from pydantic import BaseModel

from tulle.dialects.sections import Shape
from tulle.dialects.traefik.dialect import DIALECT
from tulle.dialects.traefik.spelling import fields, forms, item
from tulle.kit.flat_keys import BadKey, Path, labelled, nested
from tulle.kit.located import LocatedMap
from tulle.model.findings import did_you_mean

CONFIG_FILE = "configFile"
PREFIX = "TRAEFIK_"
_ROOT = "traefik"
_BARE = re.compile("[A-Za-z0-9_-]+")
_NUMBER = re.compile("[0-9]{1,9}")
_NO = frozenset(("0", "f", "false"))


class BadFlag(ValueError):
    """A flag or a variable cannot be what is meant; the message says why, as a sentence."""


@dataclass(slots=True)
class Given:
    """What was given, by the parts of its name."""

    values: dict[Path, str] = field(default_factory=dict)
    file: str = ""
    """The value of `--configFile`."""

    def text(self) -> str:
        """The file that says the same.

        Raises:
            BadFlag: two of them contradict each other.
        """
        found, clashes = nested(self.values.items())
        for clash in clashes:
            raise BadFlag(f"{'.'.join(clash.path)} {clash.sentence}")
        return "".join(f"{line}\n" for line in _lines(found, (), _root()))


@dataclass(frozen=True, slots=True)
class _Known:
    """What a name leads to."""

    path: Path
    """As the documentation writes it."""
    forms: tuple[Any, ...]
    """What may stand there."""

    @property
    def is_switch(self) -> bool:
        """Whether it says something without a value: true and false, and whole sections."""
        return bool in self.forms or any(isinstance(form, type) and issubclass(form, BaseModel) for form in self.forms)

    @property
    def is_list(self) -> bool:
        """Whether values that are given one after the other belong together."""
        return item(self.forms) is not None


def from_flags(words: Sequence[str]) -> Given:
    """What the words of a command line say.

    Raises:
        BadFlag: one of them is no flag, or lacks its value.
    """
    given = Given()
    spelt: dict[Path, Path] = {}
    left = list(words)
    while left:
        word = left.pop(0)
        name, has_value, value = word.lstrip("-").partition("=")
        if not word.startswith("-") or not name:
            raise BadFlag(f'"{word}" is no flag; write --name=value')
        if name.lower() == CONFIG_FILE.lower():
            given.file = value if has_value else _next(name, left)
            continue
        known = _flag(name)
        if not has_value:
            value = "true" if known.is_switch else _next(name, left)
        path = spelt.setdefault(tuple(part.lower() for part in known.path), known.path)
        before = given.values.get(path)
        given.values[path] = f"{before},{value}" if before is not None and known.is_list else value
    return given


def from_environment(environment: Mapping[str, str]) -> Given:
    """What variables say; those that begin like none of the sections are somebody else's.

    Raises:
        BadFlag: one of them names what there is not.
    """
    given = Given()
    for variable, value in sorted(environment.items()):
        if not variable.startswith(PREFIX):
            continue
        parts = tuple(variable.removeprefix(PREFIX).lower().split("_"))
        if parts[0] in _root():
            given.values[_known(parts, lambda path: PREFIX + "_".join(path).upper(), variable).path] = value
    return given


def _next(name: str, left: list[str]) -> str:
    if not left or left[0].startswith("-"):
        raise BadFlag(f"--{name} needs a value; write --{name}=…")
    return left.pop(0)


def _flag(name: str) -> _Known:
    try:
        parts = labelled(f"{_ROOT}.{name}", _ROOT)
    except BadKey as error:
        raise BadFlag(f"--{name} {error}") from error
    return _known(parts or (), lambda path: "--" + ".".join(path), f"--{name}")


def _known(parts: Path, spelling: Callable[[Path], str], written: str) -> _Known:
    path: Path = ()
    here: tuple[Any, ...] = ()
    inner: Mapping[str, tuple[str, Any]] = _root()
    for part in parts:
        inner = _fields(here) if path else inner
        name, annotation = inner.get(part.lower(), ("", None))
        if not name:
            name, annotation = _free(part, here)
        if not name:
            words = [spelling((*path, each)) for each, _ in inner.values()]
            unknown = spelling((*path, part))
            below = f' in "{written}"' if unknown.lower() != written.lower() else ""
            raise BadFlag(f'there is no "{unknown}"{below}{did_you_mean(unknown, words)}')
        path, here = (*path, name), forms(annotation)
    return _Known(path, here)


def _free(part: str, here: tuple[Any, ...]) -> tuple[str, Any]:
    """A name that users choose, or the number of an item."""
    for form in here:
        if get_origin(form) is dict:
            return part, get_args(form)[1]
        if isinstance(form, type) and issubclass(form, BaseModel) and form.model_config.get("extra") == "allow":
            return part, form
    inner = item(here)
    return (part, inner) if inner is not None and _NUMBER.fullmatch(part) else ("", None)


def _fields(here: tuple[Any, ...]) -> dict[str, tuple[str, Any]]:
    found: dict[str, tuple[str, Any]] = {}
    for form in here:
        if isinstance(form, type) and issubclass(form, BaseModel):
            found |= fields(form)
    return found


@cache
def _root() -> Mapping[str, tuple[str, Any]]:
    """The sections of static configuration by their names in lower case."""
    found: dict[str, tuple[str, Any]] = {}
    for kind in DIALECT.kinds.values():
        if kind.is_global:
            schema: Any = kind.schema
            annotation = dict.__class_getitem__((str, schema)) if kind.shape is Shape.NAMED else schema
            found[kind.section[0].lower()] = kind.section[0], annotation
    return found


def _lines(values: Mapping[str, object], above: Path, known: Mapping[str, tuple[str, Any]]) -> Iterator[str]:
    for name, value in values.items():
        path = (*above, name)
        if isinstance(value, LocatedMap):
            yield from _lines(value, path, known)
        elif (written := _value(path, str(value))) is not None:
            yield f"{'.'.join(map(_key, path))} = {written}"


def _value(path: Path, value: str) -> str | None:
    """As TOML has it; sections that are only switched on are empty, and those that are switched off are not there."""
    here = _known(path, ".".join, ".".join(path)).forms
    if _fields(here) and not any(form in {bool, str} for form in here):
        return None if value.lower() in _NO else "{}"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _key(part: str) -> str:
    return part if _BARE.fullmatch(part) else json.dumps(part, ensure_ascii=False)

"""A kind of part of a native document: where it stands, what it is called, how it is read. One file per kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum

from pydantic import BaseModel

from tulle.dialects.written import Written
from tulle.model.mesh import Fragment


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

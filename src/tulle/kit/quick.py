"""Frozen dataclasses of which there are very many, made in a quarter of the time."""

from __future__ import annotations

from dataclasses import field, fields, make_dataclass
from typing import Any, TypeVar

Value = TypeVar("Value")


def quick(kind: type[Value]) -> type[Value]:
    """Stands over `@dataclass(frozen=True, slots=True)`: only the type checker refuses to change such an object.

    What refuses it at run time stands in the way of the constructor too, which has to call `object.__setattr__` for
    every field: an eighth of the time in which thousands of services are built. For classes without `__post_init__`.
    """
    frozen: Any = kind
    plain: Any = make_dataclass(kind.__name__, [(each.name, each.type, _like(each)) for each in fields(frozen)])
    frozen.__init__ = plain.__init__
    del frozen.__setattr__, frozen.__delattr__
    return kind


def _like(each: Any) -> Any:
    """A field that is given in the same way."""
    return field(default=each.default, default_factory=each.default_factory, kw_only=each.kw_only)

"""What steps become: work for the interpreter, and native filters. Neighbours of the same nature are put together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

Operation = Mapping[str, Any]
"""One thing that the interpreter does: `op` says what, the rest with what."""
NativeFilter = Mapping[str, Any]
"""A filter within a chain, as JSON: it travels in a TypedStruct, because the types of the chain are newer than ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """Operations on the request in their order, and on the answer in theirs."""

    request: tuple[Operation, ...] = ()
    answer: tuple[Operation, ...] = ()


@dataclass(frozen=True, slots=True)
class Native:
    """Filters that do it themselves, in the order of requests."""

    filters: tuple[NativeFilter, ...]


Part = Work | Native


def joined(parts: Iterable[Part]) -> tuple[Part, ...]:
    """Neighbours of the same nature in one. What is later on the way of the request is first on that of the answer."""
    found: list[Part] = []
    for part in parts:
        match found[-1] if found else None, part:
            case Work() as before, Work():
                found[-1] = Work(request=before.request + part.request, answer=part.answer + before.answer)
            case Native() as before, Native():
                found[-1] = Native(before.filters + part.filters)
            case _:
                found.append(part)
    return tuple(found)

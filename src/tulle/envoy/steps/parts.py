"""What steps become: work for the interpreter, and native filters. Neighbours of the same nature are put together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from google.protobuf.message import Message

Operation = Mapping[str, Any]
"""One thing that the interpreter does: `op` says what, the rest with what."""
NativeFilter = Mapping[str, Any]
"""A filter within a chain, as JSON: it travels in a TypedStruct, because the types of the chain are newer than ours."""


Headers = frozenset[str] | None


@dataclass(frozen=True, slots=True)
class Where:
    """Where a step stands."""

    note: str
    """Tells what it leaves behind from what other steps of its rule leave."""
    id: str
    """Tells it from all others, and is the same whatever else is done before it."""
    is_split: bool = False
    """Whether the same step stands in other routes, too, as if it were one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """Operations on the request in their order, and on the answer in theirs."""

    request: tuple[Operation, ...] = ()
    answer: tuple[Operation, ...] = ()
    headers: Headers = None
    """Of requests: what it reads or changes; None: not only headers."""
    is_last: bool = False
    """Whether no other work is put behind it, because from here on another route may hold."""


@dataclass(frozen=True, slots=True)
class Native:
    """Filters that do it themselves, in the order of requests."""

    filters: tuple[NativeFilter, ...]
    said: tuple[tuple[str, Message], ...] = ()
    """What the route says to some of them, by their names."""
    headers: Headers = None
    """The same, of filters that leave answers of servers alone."""


Part = Work | Native


def stamped(parts: Iterable[Part], step: int) -> Iterator[Part]:
    """Operations that know which step they are of: one that answers a request leaves the answer to those before it."""
    for part in parts:
        if isinstance(part, Work):
            request, answer = (tuple({**each, "step": step} for each in ops) for ops in (part.request, part.answer))
            yield replace(part, request=request, answer=answer)
        else:
            yield part


def joined(parts: Iterable[Part]) -> tuple[Part, ...]:
    """Neighbours of the same nature in one. What is later on the way of the request is first on that of the answer."""
    found: list[Part] = []
    for part in parts:
        match found[-1] if found else None, part:
            case Work(is_last=False) as before, Work():
                found[-1] = _after(before, part)
            case Native() as before, Native():
                headers = (
                    before.headers | part.headers if before.headers is not None and part.headers is not None else None
                )
                found[-1] = Native(before.filters + part.filters, before.said + part.said, headers)
            case Native() as between, Work() if len(found) > 1 and _is_free(part, between) and _takes_more(found[-2]):
                # Each interpreter costs as much as many operations.
                before = found[-2]
                assert isinstance(before, Work), "neighbours of the same nature are one"
                found[-2] = _after(before, part)
            case _:
                found.append(part)
    return tuple(found)


def _after(before: Work, part: Work) -> Work:
    return Work(request=before.request + part.request, answer=part.answer + before.answer, is_last=part.is_last)


def _takes_more(part: Part) -> bool:
    return isinstance(part, Work) and not part.is_last


def _is_free(part: Work, between: Native) -> bool:
    """Whether it does not matter which of the two comes first."""
    return part.headers is not None and between.headers is not None and part.headers.isdisjoint(between.headers)

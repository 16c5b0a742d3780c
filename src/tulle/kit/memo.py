"""Remember the results of pure functions by the identity of their input: no cache to invalidate, ever."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar, cast
from weakref import ref

First = TypeVar("First")
Rest = ParamSpec("Rest")
Result = TypeVar("Result")
ITSELF = object()
"""Stands for a result that is the first argument."""


class _Known(ref[Any]):
    """An object, and what is remembered of it: there are very many of these, nearly all with one result."""

    __slots__ = ("id", "more", "rest", "result")

    id: int
    rest: Hashable
    """The other arguments of the newest result."""
    result: Any
    more: dict[Hashable, Any] | None
    """All results, the oldest first, if there are several."""


def remember(
    *, size: int = 8
) -> Callable[[Callable[Concatenate[First, Rest], Result]], Callable[Concatenate[First, Rest], Result]]:
    """Remember results as long as the first argument lives, up to `size` combinations of the other arguments.

    The first argument must be hashed by identity and weakly referenceable (a dataclass with
    `eq=False, weakref_slot=True`); the others must be hashable and positional.
    """

    def decorate(function: Callable[Concatenate[First, Rest], Result]) -> Callable[Concatenate[First, Rest], Result]:
        results: dict[int, _Known] = {}

        def forget(known: _Known) -> None:
            del results[known.id]

        @wraps(function)
        def remembered(first: First, /, *rest: Rest.args, **named: Rest.kwargs) -> Result:
            if named:
                raise TypeError(f"{function.__name__} remembers by position; pass {', '.join(named)} without a name")
            key = id(first)
            known = results.get(key)
            if known is None:
                result = function(first, *rest, **named)
                known = results[key] = _Known(first, forget)
                known.id, known.rest, known.more = key, rest, None
                hash(rest)  # A weak reference has a hash only if it was asked for it while its object lived.
                # Whoever holds the object itself would keep it alive for ever.
                known.result = ITSELF if result is first else result
            elif known.rest == rest:
                result = cast(Result, first if known.result is ITSELF else known.result)
            else:
                more = known.more if known.more is not None else {known.rest: known.result}
                found = more.pop(rest) if rest in more else function(first, *rest, **named)
                result = cast(Result, first if found is ITSELF else found)
                more[rest] = ITSELF if result is first else result
                if len(more) > size:
                    del more[next(iter(more))]
                known.rest, known.result, known.more = rest, more[rest], more if len(more) > 1 else None
            return result

        return remembered

    return decorate

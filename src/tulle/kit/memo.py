"""Remember the results of pure functions by the identity of their input: no cache to invalidate, ever."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar
from weakref import WeakKeyDictionary

First = TypeVar("First")
Rest = ParamSpec("Rest")
Result = TypeVar("Result")


def remember(
    *, size: int = 8
) -> Callable[[Callable[Concatenate[First, Rest], Result]], Callable[Concatenate[First, Rest], Result]]:
    """Remember results as long as the first argument lives, up to `size` combinations of the other arguments.

    The first argument must be hashed by identity and weakly referenceable (a dataclass with
    `eq=False, weakref_slot=True`); the others must be hashable and positional.
    """

    def decorate(function: Callable[Concatenate[First, Rest], Result]) -> Callable[Concatenate[First, Rest], Result]:
        results: WeakKeyDictionary[First, OrderedDict[Hashable, Result]] = WeakKeyDictionary()

        @wraps(function)
        def remembered(first: First, /, *rest: Rest.args, **named: Rest.kwargs) -> Result:
            if named:
                raise TypeError(f"{function.__name__} remembers by position; pass {', '.join(named)} without a name")
            known = results.get(first)
            if known is None:
                known = results[first] = OrderedDict()
            if rest in known:
                known.move_to_end(rest)
                return known[rest]
            result = known[rest] = function(first, *rest, **named)
            if len(known) > size:
                known.popitem(last=False)
            return result

        return remembered

    return decorate

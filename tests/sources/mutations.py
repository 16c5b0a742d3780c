"""What servers of other people say, changed at random: every form that JSON can have, anywhere."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from random import Random
from typing import Any

ODD: tuple[Any, ...] = (
    None,
    5,
    -1,
    10**30,
    1.5,
    True,
    "",
    "x",
    "\0",
    [],
    [None],
    [[]],
    {},
    {"a": None},
    {"x": {"y": {}}},
)


def mutated(value: Any, chance: Random) -> Any:
    """A copy in which up to three parts are something else."""
    result = deepcopy(value)
    for _ in range(chance.randrange(1, 4)):
        places = [place for place in _places(result) if place]
        if not places:
            break
        *above, last = chance.choice(places)
        inner = result
        for step in above:
            inner = inner[step]
        inner[last] = deepcopy(chance.choice(ODD))
    return result


def _places(value: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield above
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in entries:
        yield from _places(inner, (*above, key))

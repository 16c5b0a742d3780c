"""Garbage collection that waits: for moments and processes in which very many objects are made and few are garbage."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

YOUNG = 50_000
"""Objects that are made before the youngest are looked at: more than a change for thousands of proxies leaves behind
until it is acknowledged. With Python's 700 they are promoted in the middle of it, and all older ones looked at too."""

MANY = 250_000
"""Objects that are made by one piece of work, such as the first build of thousands of services: to look at them takes
a tenth of the time in which they were made."""


def collect_seldom() -> None:
    """Let this whole process look for cycles less often. For one that holds much and makes many objects at a time."""
    gc.set_threshold(YOUNG, *gc.get_threshold()[1:])


@contextmanager
def no_collection() -> Iterator[None]:
    """Collect no cycles meanwhile. Objects without cycles are freed as always.

    If very many objects were made, they are here to stay, and nobody ever looks for cycles among them.
    """
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        if gc.get_count()[0] > MANY:
            gc.freeze()
        gc.enable()

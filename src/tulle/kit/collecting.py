"""Garbage collection that waits: for moments and processes in which very many objects are made and few are garbage."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

YOUNG = 50_000
"""Objects that are made before the youngest are looked at: more than a change for thousands of proxies leaves behind
until it is acknowledged. With Python's 700 they are promoted in the middle of it, and all older ones looked at too."""


def collect_seldom() -> None:
    """Let this whole process look for cycles less often. For one that holds much and makes many objects at a time."""
    gc.set_threshold(YOUNG, *gc.get_threshold()[1:])


@contextmanager
def no_collection() -> Iterator[None]:
    """Collect no cycles meanwhile. Objects without cycles are freed as always."""
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()

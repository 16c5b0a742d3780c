"""The script that all interpreters run."""

from __future__ import annotations

from functools import cache
from importlib.resources import files


@cache
def interpreter() -> str:
    """What each operation does, then what runs them."""
    folder = files("tulle.envoy.steps").joinpath("lua")
    return "\n".join(each.read_text() for each in sorted(folder.iterdir(), key=lambda each: each.name))

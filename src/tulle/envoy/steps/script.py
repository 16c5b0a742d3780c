"""The script that all interpreters run."""

from __future__ import annotations

from functools import cache
from importlib.resources import files


@cache
def interpreter() -> str:
    """Its text."""
    return files("tulle.envoy.steps").joinpath("interpreter.lua").read_text()

"""Finds the advisors: every module of this package with an `ADVISOR` is one."""

from __future__ import annotations

import pkgutil
from collections.abc import Callable
from functools import cache
from importlib import import_module

from tulle.flow import advisors
from tulle.flow.advisors.base import Advisor


@cache
def all_advisors() -> tuple[Callable[[], Advisor], ...]:
    """What makes each advisor, in the order of their names."""
    names = sorted(each.name for each in pkgutil.iter_modules(advisors.__path__))
    modules = (import_module(f"{advisors.__name__}.{name}") for name in names)
    return tuple(module.ADVISOR for module in modules if hasattr(module, "ADVISOR"))

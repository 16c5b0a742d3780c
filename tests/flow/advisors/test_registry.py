from __future__ import annotations

import pkgutil

from tulle.flow import advisors
from tulle.flow.advisors.registry import all_advisors


def test_every_module_with_an_advisor_is_found() -> None:
    modules = {each.name for each in pkgutil.iter_modules(advisors.__path__)} - {"base", "registry"}
    found = {make.__module__.rpartition(".")[2] for make in all_advisors()}
    assert found == modules

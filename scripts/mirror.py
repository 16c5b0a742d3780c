"""Tests mirror code: `src/tulle/a/b.py` is tested by `tests/a/test_b.py`, and no such test outlives its module."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCE, TESTS = ROOT / "src" / "tulle", ROOT / "tests"
FREE = {"e2e", "golden"}
"""Folders of tests by topic."""
EXEMPT = {"__init__.py", "__main__.py", "__about__.py"}


def main() -> int:
    """Print every module without its test and every test without its module."""
    modules = {p.relative_to(SOURCE) for p in SOURCE.rglob("*.py") if p.name not in EXEMPT}
    tests = {
        p.relative_to(TESTS).with_name(p.name.removeprefix("test_"))
        for p in TESTS.rglob("test_*.py")
        if p.relative_to(TESTS).parts[0] not in FREE
    }
    for module in sorted(modules - tests):
        print(f"src/tulle/{module}: has no tests/{module.with_name('test_' + module.name)}")
    for test in sorted(tests - modules):
        print(f"tests/{test.with_name('test_' + test.name)}: tests no module of src/tulle")
    return 1 if modules ^ tests else 0


if __name__ == "__main__":
    sys.exit(main())

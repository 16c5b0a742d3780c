"""Regular expressions, checked and tried by RE2: the very engine in which Envoy will run them."""

from __future__ import annotations

import re2

LARGEST = 1900
"""Instructions of a program. Envoy refuses a route with more than 2000, and what is written around a pattern to make it
fit a part of a text needs some."""
_QUIET = re2.Options()
_QUIET.log_errors = False


def problem(pattern: str) -> str:
    """What keeps it from being used, as the rest of a sentence; empty if nothing does."""
    try:
        size: int = re2.compile(pattern, _QUIET).programsize
    except re2.error as error:
        return f"is not a regular expression (RE2): {error.args[0].decode()}"
    if size > LARGEST:
        return f"is too large a regular expression: it has {size} instructions, and Envoy takes {LARGEST}"
    return ""


def finds(pattern: str, text: str) -> bool:
    """Whether it fits some part of a text."""
    return re2.search(pattern, text, _QUIET) is not None

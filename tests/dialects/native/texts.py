"""Native documents in a line, and what is said about them."""

from __future__ import annotations

from collections.abc import Callable

from tulle.model.mesh import Fragment

Read = Callable[[str], Fragment]


def route(text: str) -> str:
    """A route with one more field."""
    return f"routes:\n  - name: r\n    to: web\n    {text}\n"


def messages(read: Read, text: str) -> list[str]:
    return [finding.message for finding in read(text).findings]

"""Templates of the v2 syntax, `/users/{id:[0-9]+}`, as regular expressions; a variable without one takes a default."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tulle.dialects import patterns

IN_HOST, IN_PATH, IN_QUERY = "[^.]+", "[^/]+", ".*"
"""What a variable without a regular expression of its own fits."""
_META = re.compile(r"[\\.+*?()|\[\]{}^$]")


def has_variables(template: str) -> bool:
    """Whether it is more than a plain text."""
    return "{" in template or "}" in template


def variables(template: str) -> frozenset[str]:
    """The names of its variables, if the braces are balanced."""
    return frozenset(inner.partition(":")[0] for _, inner in _pieces(template) if inner is not None)


def pattern(template: str, default: str) -> str:
    """The regular expression that fits the same texts, without what ties it to their ends."""
    parts: list[str] = []
    for plain, inner in _pieces(template):
        parts.append(_META.sub(r"\\\g<0>", plain))
        if inner is not None:
            _, colon, own = inner.partition(":")
            parts.append(f"(?:{own if colon else default})")
    return "".join(parts)


def problem(template: str) -> str:
    """What is wrong with it, as the rest of a sentence; empty if nothing is."""
    if not _is_balanced(template):
        return "has braces that do not match; write a variable as {name} or {name:regular expression}"
    for _, inner in _pieces(template):
        if inner is None:
            continue
        name, colon, own = inner.partition(":")
        if not name or (colon and not own):
            return f"has {{{inner}}}, which lacks a name or a regular expression; write {{name}} or {{name:[a-z]+}}"
        if colon and (wrong := patterns.problem(own)):
            return f"has {{{inner}}}, and {own} {wrong}"
    return patterns.problem(pattern(template, IN_QUERY))


def _is_balanced(template: str) -> bool:
    depth = 0
    for brace in re.findall("[{}]", template):
        depth += 1 if brace == "{" else -1
        if depth < 0:
            return False
    return not depth


def _pieces(template: str) -> Iterator[tuple[str, str | None]]:
    """Plain texts, each with the inside of the braces behind it; None behind the last one."""
    depth, done, begin = 0, 0, 0
    for brace in re.finditer("[{}]", template):
        depth += 1 if brace.group() == "{" else -1
        if brace.group() == "{" and depth == 1:
            begin = brace.end()
        elif depth == 0:
            yield template[done : begin - 1], template[begin : brace.start()]
            done = brace.end()
    yield template[done:], None

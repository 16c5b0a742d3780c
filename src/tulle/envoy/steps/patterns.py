"""Replacements as Go writes them, for RE2 as Envoy has it."""

from __future__ import annotations

import re

_GROUP = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\((?:\?P?<(?P<name>\w+)>|(?P<plain>(?!\?)))", re.DOTALL)
_REFERENCE = re.compile(r"\$(?:(?P<dollar>\$)|\{(?P<braced>\w+)\}|(?P<bare>\w+))|(?P<slash>\\)|(?P<lone>\$)")
_CONTROL = re.compile(r"[\x00\r\n]")
MOST_GROUPS = 9
"""That a substitution of Envoy can name."""


def groups(pattern: str) -> tuple[str, ...]:
    """The names of the groups of a pattern, from the first; empty for those without one."""
    found = []
    for each in _GROUP.finditer(pattern):
        if each["name"] is not None:
            found.append(each["name"])
        elif each["plain"] is not None:
            found.append("")
    return tuple(found)


def substitution(pattern: str, replacement: str) -> str:
    """What Go's `regexp.Expand` would put in, as a substitution of Envoy.

    A name that is none of the pattern's is replaced by nothing: `$1x` is the group `1x`, not the group 1 before an x.

    Raises:
        ValueError: a group beyond the ninth is named, or a line ends in it.
    """
    if _CONTROL.search(replacement):
        raise ValueError("a replacement is one line")
    names = groups(pattern)

    def written(reference: re.Match[str]) -> str:
        if reference["slash"]:
            return "\\\\"
        if reference["dollar"] or reference["lone"]:
            return "$"
        name = reference["braced"] or reference["bare"]
        found = names.index(name) + 1 if name in names else len(names) + 1
        number = int(name) if name.isdigit() else found
        if number > len(names):
            return ""
        if number > MOST_GROUPS:
            raise ValueError(f"${name} is beyond the ninth group")
        return f"\\{number}"

    return _REFERENCE.sub(written, replacement)

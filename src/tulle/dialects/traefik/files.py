"""Values that are the path of a file, or what could be in one."""

from __future__ import annotations

import os

from tulle.dialects.written import Written

PEM = "-----BEGIN"


def is_text(value: str) -> bool:
    """Whether it is what could be in a file."""
    return value.lstrip().startswith(PEM)


def file_or_text(part: Written, value: str) -> str:
    """PEM as it is; a path from the folder of its document."""
    return value if is_text(value) else os.path.normpath(os.path.join(part.document.folder, value))


def files(part: Written, values: tuple[str, ...], *path: str) -> tuple[str, ...]:
    """Those of authorities that are files; text beside them does not count."""
    found = tuple(file_or_text(part, each) for each in values if not is_text(each))
    if found and len(found) < len(values):
        part.warning(path, "has files and PEM; only the files count")
    return found


def texts(values: tuple[str, ...]) -> tuple[str, ...]:
    """Those that are PEM, if all of them are."""
    return values if all(map(is_text, values)) else ()

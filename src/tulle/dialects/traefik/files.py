"""Values that are the path of a file, or what could be in one."""

from __future__ import annotations

import os

from tulle.dialects.written import Written

PEM = "-----BEGIN"


def file_or_text(part: Written, value: str) -> str:
    """PEM as it is; a path from the folder of its document."""
    return value if value.lstrip().startswith(PEM) else os.path.join(part.document.folder, value)

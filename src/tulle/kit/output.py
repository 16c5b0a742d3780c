"""What other programs wrote into files: the end of it, and a bound on how much is kept."""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path

LIMIT = 50_000_000
"""Bytes of one file; the same again for the copy of what was before."""
_TAIL = 8_192


def size(path: Path) -> int:
    """Bytes in the file; 0 if there is none."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


def last_lines(path: Path, count: int = 3, *, since: int = 0, width: int = 240) -> tuple[str, ...]:
    """The last lines that are not blank, shortened to `width`, of what was written behind byte `since`."""
    try:
        with path.open("rb") as file:
            end = file.seek(0, os.SEEK_END)
            # A file that is shorter than it was has been emptied meanwhile.
            file.seek(max(since if since <= end else 0, end - _TAIL))
            text = file.read(_TAIL).decode(errors="replace")
    except OSError:
        return ()
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return tuple(line if len(line) <= width else line[: width - 1] + "…" for line in lines[-count:])


def keep_bounded(path: Path, limit: int = LIMIT) -> bool:
    """If the file is too long, keep a copy as `<path>.1` and empty it; say whether it was.

    Its writers go on undisturbed, as long as they append. Lines written between copying and emptying are lost. Where
    no copy fits on the disk, none is kept: the bound matters more.
    """
    if size(path) <= limit:
        return False
    copy = path.with_name(path.name + ".1")
    try:
        copy.unlink(missing_ok=True)
        shutil.copyfile(path, copy)
    except OSError:
        with contextlib.suppress(OSError):
            copy.unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        os.truncate(path, 0)
    return True

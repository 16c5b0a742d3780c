"""Files that are either old or new, never half."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

log = logging.getLogger(__name__)

Value = TypeVar("Value")


def write_atomically(path: Path, data: bytes | str, *, mode: int = 0o600, durable: bool = True) -> None:
    """Replace a file by one rename, so that no reader and no crash of ours ever sees a part of it.

    `durable` files survive a loss of power too. That waits for the disk, some milliseconds; what only concerns running
    processes, or is told again by them, does not need it.

    Raises:
        OSError: the disk is full or the directory cannot be written; the old file is then untouched.
    """
    content = data.encode() if isinstance(data, str) else data
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            if durable:
                os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        error.filename = str(path)  # A write that fails does not know where.
        raise


def recalled(path: Path, read: Callable[[bytes], Value]) -> Value | None:
    """What was kept in a file; None if there is none. One that cannot be read (`ValueError`) is put aside."""
    try:
        return read(path.read_bytes())
    except FileNotFoundError:
        return None
    except ValueError as error:
        aside = path.with_suffix(".unreadable")
        path.replace(aside)
        log.warning("%s could not be read and was moved to %s: %s", path, aside, error)
        return None

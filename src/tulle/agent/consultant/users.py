"""Who may come, and the hashes of their passwords: as configured, and from files.

Files are read again when they change.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tulle.agent.consultant.remembered import Remembered
from tulle.model.consulting import Passwords

log = logging.getLogger(__name__)

MOST_FILES = 10_000
MOST_USERS = 200_000


@dataclass(slots=True)
class _File:
    stamp: tuple[int, ...] = ()
    users: Mapping[str, str] = field(default_factory=dict)


class Users:
    """Finds hashes."""

    def __init__(self) -> None:
        self._files: Remembered[tuple[str, bool], _File] = Remembered(MOST_FILES)
        self._configured: Remembered[int, tuple[Passwords, Mapping[str, str]]] = Remembered(
            MOST_USERS, lambda _, known: 1 + len(known[1])
        )

    def hash_of(self, name: str, question: Passwords) -> str:
        """Its hash; empty if there is nobody of this name. Those of the question count before those of the file."""
        configured = self._inline(question)
        if name in configured or not question.file:
            return configured.get(name, "")
        return self._read(question).get(name, "")

    def any_hash(self, question: Passwords) -> str:
        """What to verify instead, so that nobody learns from the time which names there are."""
        everybody = self._inline(question) or (self._read(question) if question.file else {})
        return next(iter(everybody.values()), "")

    def _inline(self, question: Passwords) -> Mapping[str, str]:
        # Questions are kept by their text, so the same one comes again.
        known = self._configured.get(id(question))
        if known is None or known[0] is not question:
            known = (question, dict(question.users))
            self._configured.put(id(question), known)
        return known[1]

    def _read(self, question: Passwords) -> Mapping[str, str]:
        file = self._files.get_or_make((question.file, question.is_digest), lambda _: _File())
        try:
            status = os.stat(question.file)
            stamp = (status.st_mtime_ns, status.st_size, status.st_ino)
            if stamp != file.stamp:
                file.users = users_of(Path(question.file).read_text(errors="replace"), 2 if question.is_digest else 1)
                file.stamp = stamp
        except OSError as error:
            if file.stamp != (0,):
                log.error("users are as they were, or missing: %s: %s", question.file, error.strerror)
            file.stamp = (0,)
        return file.users


def users_of(text: str, colons: int) -> dict[str, str]:
    """What the lines of a file say; a line with more or fewer colons says nothing."""
    lines = (line.strip() for line in text.split("\n"))
    right = (line for line in lines if line and not line.startswith("#") and line.count(":") == colons)
    return {name: stored for name, _, stored in (line.rpartition(":") for line in right)}

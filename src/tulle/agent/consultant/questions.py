"""Questions as they arrive, read once for each text."""

from __future__ import annotations

import logging

from tulle.agent.consultant.remembered import Remembered
from tulle.model.consulting import Question, Unreadable, from_text

log = logging.getLogger(__name__)

MOST_KNOWN = 64 << 20
"""Characters of texts: those of configurations that are long gone are forgotten, too."""


class Questions:
    """By their text."""

    def __init__(self) -> None:
        self._known: Remembered[str, Question | Unreadable] = Remembered(MOST_KNOWN, lambda text, _: len(text))

    def read(self, text: str) -> Question | None:
        """The question; None, and a line in the log, if it is none."""
        known = self._known.get_or_make(text, _read)
        return None if isinstance(known, Unreadable) else known


def _read(text: str) -> Question | Unreadable:
    try:
        return from_text(text)
    except Unreadable as error:
        log.error("a gateway asks something that this version does not understand: %s", error)
        return error

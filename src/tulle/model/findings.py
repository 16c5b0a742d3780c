"""Mistakes are values: what is wrong, where it was written, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from typing import TYPE_CHECKING

from tulle.model.documents import Origin

if TYPE_CHECKING:
    from collections.abc import Iterable


class Severity(StrEnum):
    """An error keeps its object from being used; a warning does not."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """One mistake, in a plain sentence."""

    severity: Severity
    message: str
    """What is wrong and what to do, without the place: `service "wbe" does not exist; did you mean "web"?`"""
    origin: Origin

    @classmethod
    def error(cls, origin: Origin, message: str) -> Finding:
        """A mistake that keeps the object from being used."""
        return cls(Severity.ERROR, message, origin)

    @classmethod
    def warning(cls, origin: Origin, message: str) -> Finding:
        """Something that is probably not what was meant, but works."""
        return cls(Severity.WARNING, message, origin)

    @property
    def is_error(self) -> bool:
        """Whether the object could not be used."""
        return self.severity is Severity.ERROR

    def __str__(self) -> str:
        return f"{self.origin}: {self.severity}: {self.message}"


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`; did you mean "web"?` for the nearest known word, or nothing. Capitals make no difference."""
    folded = {each.casefold(): each for each in known}
    nearest = get_close_matches(word.casefold(), folded, n=1, cutoff=0.6)
    return f'; did you mean "{folded[nearest[0]]}"?' if nearest else ""

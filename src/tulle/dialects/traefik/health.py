"""Checks whether servers are well: what is said of them, as far as it can be done."""

from __future__ import annotations

from tulle.dialects.fields import shown
from tulle.dialects.written import Written

METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH")
"""With which a proxy can ask."""
INTERVAL, TIMEOUT = 30.0, 5.0
"""Seconds that are usual."""


def period(part: Written, given: float, usual: float, *path: str) -> float:
    """A time that must pass; the usual one, which is noted, if it is none."""
    if given > 0:
        return given
    part.warning(path, f"must be more than 0; the usual {usual:g} seconds count")
    return usual


def method(part: Written, given: str, *path: str) -> str:
    """A method to ask with; one that no proxy has is noted."""
    found = given.upper()
    if found and found not in METHODS:
        part.error(path, f"must be one of {', '.join(METHODS)}, not {shown(given)}")
    return found


def good(part: Written, given: int, *path: str) -> tuple[tuple[int, int], ...]:
    """The statuses that are good; what is no status is noted."""
    if not given:
        return ((200, 399),)
    if not 100 <= given <= 599:
        part.error(path, f"must be a status from 100 to 599, not {given}")
    return ((given, given),)

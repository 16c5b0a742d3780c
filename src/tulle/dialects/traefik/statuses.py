"""Statuses of answers and ranges of them: `500`, `500-599`."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tulle.dialects.fields import shown
from tulle.dialects.written import Written

_RANGE = re.compile(r"([1-5][0-9]{2})(?:-([1-5][0-9]{2}))?")


def statuses(part: Written, texts: Sequence[str], path: tuple[str, ...]) -> tuple[tuple[int, int], ...] | None:
    """The ranges that texts say, both ends included; None if one of them is wrong, which is noted."""
    found = []
    for index, text in enumerate(texts):
        match = _RANGE.fullmatch(text)
        first, last = (int(match[1]), int(match[2] or match[1])) if match else (1, 0)
        if first > last:
            part.error((*path, index), f"must be a status such as 500, or a range such as 500-599, not {shown(text)}")
            return None
        found.append((first, last))
    return tuple(found)

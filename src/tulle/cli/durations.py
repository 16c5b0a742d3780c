"""Durations as people type them: `90s`, `30m`, `1h30m`, `7d`."""

from __future__ import annotations

import re

from tulle.cli.output import MISUSED, Failure

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_DURATION = re.compile(r"(?:\d+(?:\.\d+)?[smhd])+")


def seconds(text: str, option: str) -> float:
    """The duration in seconds.

    Raises:
        Failure: it is none, or nothing.
    """
    if _DURATION.fullmatch(text):
        total = sum(float(part[:-1]) * UNITS[part[-1]] for part in re.findall(r"[\d.]+[smhd]", text))
        if total > 0:
            return total
    raise Failure(f'{option}: "{text}" is no duration; write 90s, 30m, 1h or 7d', code=MISUSED)

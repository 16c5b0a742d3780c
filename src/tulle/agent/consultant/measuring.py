"""What happened to the requests of the last seconds. Pure: everybody says what time it is.

Statuses are kept for ten seconds. Times are kept in six boxes of ten seconds, as numbers of two significant figures,
and a box is emptied when the next request comes, not before.
"""

from __future__ import annotations

from collections import Counter, deque

from tulle.model.breaking import Latency, Measure, NetworkErrors

SECONDS = 10
BOXES = 6
BOX_TIME = 10.0
LONGEST = 3_600_000_000
"""Microseconds; what takes longer is not counted."""
EXACT_BITS = 8
"""Of a time; what comes behind them is not kept."""
NETWORK_ERRORS = (502, 504)


class Measured:
    """Of one service."""

    def __init__(self) -> None:
        self._statuses: deque[tuple[int, Counter[int]]] = deque()
        """By the second."""
        self._times: deque[Counter[int]] = deque([Counter()], maxlen=BOXES)
        self._box_since = float("-inf")

    def record(self, status: int, seconds: float, now: float) -> None:
        """A request came to its end."""
        second = int(now)
        if not self._statuses or self._statuses[-1][0] != second:
            self._statuses.append((second, Counter()))
            self._forget(now)
        self._statuses[-1][1][status] += 1
        if now - self._box_since >= BOX_TIME:
            self._times.append(Counter())
            self._box_since = now
        took = int(seconds * 1_000_000)
        if took <= LONGEST:
            self._times[-1][_rounded(took)] += 1

    def clear(self, now: float) -> None:
        """As if nothing had happened before."""
        self._statuses.clear()
        self._times = deque([Counter()], maxlen=BOXES)
        self._box_since = now

    def value(self, measure: Measure, now: float) -> float:
        """What was measured."""
        if isinstance(measure, Latency):
            return self._quantile(measure.quantile) // 1000
        self._forget(now)
        counts: Counter[int] = sum((counts for _, counts in self._statuses), Counter())
        if isinstance(measure, NetworkErrors):
            return sum(counts[each] for each in NETWORK_ERRORS) / (counts.total() or 1)
        some = sum(many for status, many in counts.items() if measure.start <= status < measure.end)
        others = sum(many for status, many in counts.items() if measure.of_start <= status < measure.of_end)
        return some / others if others else 0.0

    def _forget(self, now: float) -> None:
        while self._statuses and self._statuses[0][0] <= int(now) - SECONDS:
            self._statuses.popleft()

    def _quantile(self, percent: float) -> int:
        times: Counter[int] = sum(self._times, Counter())
        wanted = int(min(percent, 100.0) / 100 * times.total() + 0.5)
        reached = 0
        for time, many in sorted(times.items()):
            reached += many
            if reached >= wanted:
                return time
        return 0


def _rounded(time: int) -> int:
    """The largest number that begins with the same bits."""
    rest = max(time.bit_length() - EXACT_BITS, 0)
    return ((time >> rest) + 1 << rest) - 1

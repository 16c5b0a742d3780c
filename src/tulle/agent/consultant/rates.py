"""Token buckets in memory, and how long who asks must wait. Pure, but for the time."""

from __future__ import annotations

import math
from dataclasses import dataclass
from hashlib import blake2b

from tulle.agent.consultant.remembered import Remembered
from tulle.agent.consultant.seen import Refused
from tulle.kit.clock import Clock
from tulle.model.consulting import Rate

MOST_CLIENTS = 65_536
"""Of one question."""
MOST_QUESTIONS = 10_000
LONGEST = 64
"""Characters of a client that are kept."""


@dataclass(frozen=True, slots=True)
class Pace:
    """A rate, in the numbers that are needed."""

    per_second: float
    burst: int
    patience: float
    """Seconds that a request is held back rather than refused: half of the time between two."""
    lifetime: int
    """Seconds after which a bucket that nobody asked is full again."""

    @classmethod
    def of(cls, question: Rate) -> Pace:
        """That of a question which sets a limit at all."""
        per_second = question.average / (question.period or 1.0)
        if per_second < 1:
            return cls(per_second, max(question.burst, 1), 0.5, 1 + int(1 / per_second))
        return cls(per_second, max(question.burst, 1), 1 / (int(per_second) * 2), 2)


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at: float
    ends: int


class Buckets:
    """All of them."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._known: Remembered[str, Remembered[str, _Bucket]] = Remembered(MOST_QUESTIONS)

    def take(self, id: str, client: str, pace: Pace) -> float:
        """How long to wait; longer than one has patience: then nothing was taken."""
        now = self._clock.monotonic()
        buckets = self._known.get_or_make(id, lambda _: Remembered(MOST_CLIENTS))
        client = _short(client)
        bucket = buckets.get(client)
        if bucket is None or bucket.ends <= int(now):
            bucket = _Bucket(pace.burst, now, 0)
            buckets.put(client, bucket)
        bucket.ends = int(now) + pace.lifetime
        bucket.tokens = min(pace.burst, bucket.tokens + (now - bucket.at) * pace.per_second)
        bucket.at = now
        wait = max(1 - bucket.tokens, 0) / pace.per_second
        if wait <= pace.patience:
            bucket.tokens -= 1
        return wait


def _short(client: str) -> str:
    """Clients may be told apart by headers, of which they choose the length."""
    return client if len(client) <= LONGEST else blake2b(client.encode(), digest_size=32).hexdigest()


def too_many(wait: float) -> Refused:
    """The answer for who would have to wait too long."""
    headers = (("retry-after", str(math.ceil(wait))), ("x-retry-in", duration(wait)))
    return Refused(status=429, headers=headers, body="Too Many Requests")


def duration(seconds: float) -> str:
    """As Go writes it: `1m3.5s`, `4.859183s`, `20ms`."""
    left = round(seconds * 1_000_000_000)
    for unit, size in (("ns", 1), ("µs", 1_000), ("ms", 1_000_000)):
        if left and left < size * 1000:
            return f"{_number(left, size)}{unit}"
    minutes, rest = divmod(left, 60_000_000_000)
    hours, minutes = divmod(minutes, 60)
    text = f"{hours}h" if hours else ""
    text += f"{minutes}m" if text or minutes else ""
    return f"{text}{_number(rest, 1_000_000_000)}s"


def _number(value: int, size: int) -> str:
    whole, part = divmod(value, size)
    decimals = f"{part:0{len(str(size)) - 1}}".rstrip("0") if part else ""
    return f"{whole}.{decimals}" if decimals else str(whole)

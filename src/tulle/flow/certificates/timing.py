"""When: certificates are renewed, and what failed is tried again. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from hashlib import sha256
from urllib.parse import urlsplit

from tulle.clients.acme.keys import Facts
from tulle.clients.acme.problems import Trouble

HOUR, DAY = 3600.0, 24 * 3600.0
_PERIODS = ((365 * DAY, 120 * DAY), (90 * DAY, 30 * DAY), (30 * DAY, 10 * DAY), (7 * DAY, DAY), (DAY, 6 * HOUR))
"""Of certificates that live so long, how long before their end Traefik renews them."""
_SHORTEST_PERIOD = 20 * 60.0
_JITTER = 0.05
_PAUSES = {
    # An authority that is back is noticed soon.
    Trouble.AWAY: (5.0, 300.0),
    # Let's Encrypt allows five failures an hour for a name: 0, 2, 6, 14, 30 and 62 minutes.
    Trouble.REFUSED: (120.0, 4 * HOUR),
    Trouble.STRANGER: (120.0, 4 * HOUR),
    Trouble.LIMITED: (HOUR, 4 * HOUR),
    Trouble.UNSOLVED: (30.0, 600.0),
}
"""Seconds before the first and the later tries."""
WEEK = timedelta(days=7)
AGAIN = timedelta(hours=1)
"""What was obtained is not ordered again within this time, whatever it says: the clock of a machine may be wrong."""
LIMITS: dict[str, tuple[tuple[int, timedelta], int]] = {
    "acme-v02.api.letsencrypt.org": ((250, timedelta(hours=3)), 4),
}
"""By authority: orders of all certificates in a while, and of the same one in a week; somewhat less than it allows."""


def period(lifetime: float) -> float:
    """Seconds before the end at which Traefik renews certificates of a lifetime (`certificatesDuration`)."""
    return next((before for least, before in _PERIODS if lifetime >= least), _SHORTEST_PERIOD)


def renewal(facts: Facts, lifetime: float, identity: str) -> datetime:
    """When a certificate is renewed: at the usual time, but not before two thirds of its life are over.

    A little later than that, by another share for each, so that not all are renewed in the same moment.
    """
    before = min(timedelta(seconds=period(lifetime)), facts.lifetime / 3)
    return facts.end - before * (1 - _JITTER * share(identity))


def again(facts: Facts, ordered: datetime) -> datetime:
    """When a certificate that was obtained by an order may be ordered again."""
    return ordered + min(AGAIN, facts.lifetime / 3)


def pause(trouble: Trouble, failures: int, asked: float | None, identity: str) -> timedelta:
    """How long to wait after so many failures; `asked` is what the authority wants at least."""
    first, last = _PAUSES[trouble]
    usual = min(first * 2 ** min(failures - 1, 20), last)
    return timedelta(seconds=max(usual, asked or 0.0) * (1 + _JITTER * share(identity)))


def allowed(directory: str, of_this: Iterable[datetime], of_all: Iterable[datetime], now: datetime) -> datetime:
    """From when on the limits of an authority allow another order; `now` if they do."""
    limits = LIMITS.get(urlsplit(directory).hostname or "")
    if limits is None:
        return now
    (most, window), most_of_this = limits
    return max(_free(of_all, most, window, now), _free(of_this, most_of_this, WEEK, now))


def share(identity: str) -> float:
    """A number from 0 to 1 that is always the same for one thing and different for others."""
    return int.from_bytes(sha256(identity.encode()).digest()[:4]) / 0xFFFFFFFF


def _free(orders: Iterable[datetime], most: int, window: timedelta, now: datetime) -> datetime:
    recent = sorted(each for each in orders if now - each < window)
    return now if len(recent) < most else recent[-most] + window

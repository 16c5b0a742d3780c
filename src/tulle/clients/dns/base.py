"""What a DNS provider does: it adds and removes TXT records."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

PROPAGATION_TIMEOUT, POLLING_INTERVAL, TTL = 60.0, 2.0, 120
"""As lego has them."""


class CannotChange(Exception):
    """A record could not be changed; the message says why, as the rest of a sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TextRecord:
    """One record, and what it is made of."""

    name: str
    """With a dot at its end; what the usual name is an alias of, if it is one."""
    value: str
    domain: str
    token: str
    authorization: str = field(repr=False)


class Provider(Protocol):
    """Changes records. Both methods raise `CannotChange`."""

    @property
    def propagation_timeout(self) -> float:
        """Seconds until a change must be seen."""
        ...

    @property
    def polling_interval(self) -> float:
        """Seconds between looks."""
        ...

    async def present(self, record: TextRecord) -> None:
        """Add it beside others of its name."""
        ...

    async def remove(self, record: TextRecord) -> None:
        """Remove it, and no other of its name."""
        ...

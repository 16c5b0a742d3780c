"""What an authority wants to see, and who puts it there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from tulle.model.resolvers import ChallengeKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """What proves that a name is ours."""

    kind: ChallengeKind
    domain: str
    """Without `*.`."""
    token: str
    authorization: str = field(repr=False)
    """Token and fingerprint of the key of the account (RFC 8555 §8.1)."""


class CannotSolve(Exception):
    """What the authority wants to see cannot be put there; the message says why, as the rest of a sentence."""


class Solver(Protocol):
    """Puts what proves something where the authority looks for it. Every method raises `CannotSolve`."""

    async def present(self, challenge: Challenge) -> None:
        """Put it there, or begin to."""
        ...

    async def settle(self, challenges: Sequence[Challenge]) -> None:
        """Return when these can be seen from outside."""
        ...

    async def remove(self, challenge: Challenge) -> None:
        """Take it away again; also if it could not be put there."""
        ...

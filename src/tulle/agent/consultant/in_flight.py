"""Counts requests that are on their way. Pure."""

from __future__ import annotations

from tulle.agent.consultant.seen import Refused
from tulle.model.consulting import InFlight

Place = tuple[str, str]
"""Of whom it is known that the request is on its way: the question, and the client."""


class Crowd:
    """How many there are, by question and client."""

    def __init__(self) -> None:
        self._inside: dict[Place, int] = {}

    def enter(self, question: InFlight, client: str) -> Place | Refused:
        """One more; or the answer if there are too many."""
        place = (question.id, client)
        inside = self._inside.get(place, 0)
        if inside >= question.amount:
            return Refused(status=429, body=f"max connections reached: {question.amount}")
        self._inside[place] = inside + 1
        return place

    def leave(self, place: Place) -> None:
        """One less."""
        self._inside[place] -= 1
        if not self._inside[place]:
            del self._inside[place]

    def __len__(self) -> int:
        """Clients of which anything is on its way."""
        return len(self._inside)

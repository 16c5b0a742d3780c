"""A service that does badly is not asked for a while, then more and more again. Pure, but for the time."""

from __future__ import annotations

from dataclasses import dataclass

from tulle.agent.consultant.measuring import Measured
from tulle.agent.consultant.remembered import Remembered
from tulle.agent.consultant.seen import Refused
from tulle.kit.clock import Clock
from tulle.kit.status_texts import status_text
from tulle.model.breaking import holds, parse
from tulle.model.consulting import Breaker

MOST_KNOWN = 20_000


@dataclass(slots=True)
class _Ramp:
    """Lets pass so many of all that half of them pass at the end."""

    since: float
    passed: int = 0
    refused: int = 0

    def passes(self, now: float, duration: float) -> bool:
        target = 0.5 * (now - self.since) / duration
        if (self.passed + 1) / (self.passed + self.refused + 1) < target:
            self.passed += 1
            return True
        self.refused += 1
        return False


class Circuit:
    """One service, and one question about it."""

    def __init__(self, question: Breaker, clock: Clock) -> None:
        """
        Raises:
            tulle.model.breaking.Malformed: the expression of the question is none.
        """
        self.question = question
        self._condition = parse(question.expression)
        self._clock = clock
        self._measured = Measured()
        self._until: float | None = None
        """Nothing passes so long; or, if there is a ramp, not everything does."""
        self._ramp: _Ramp | None = None
        self._checked = float("-inf")

    @property
    def refusal(self) -> Refused:
        """The answer for those that do not pass."""
        return Refused(status=self.question.status, body=status_text(self.question.status))

    def passes(self) -> bool:
        """Whether a request may go on."""
        if self._until is None:
            return True
        now = self._clock.monotonic()
        if self._ramp is None:
            if now < self._until:
                return False
            self._until, self._ramp = now + self.question.recovery, _Ramp(now)
        if now > self._until:
            self._until = self._ramp = None
            return True
        return self._ramp.passes(now, self.question.recovery)

    def record(self, status: int, seconds: float) -> None:
        """A request that went on came to its end."""
        now = self._clock.monotonic()
        self._measured.record(status, seconds, now)
        if now <= self._checked:
            return
        self._checked = now + self.question.check_period
        is_open = self._until is not None and self._ramp is None
        if not is_open and holds(self._condition, lambda measure: self._measured.value(measure, now)):
            self._until, self._ramp = now + self.question.fallback, None
            self._measured.clear(now)


class Circuits:
    """All of them, by question. Who asks differently begins anew."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._known: Remembered[str, Circuit] = Remembered(MOST_KNOWN)

    def of(self, question: Breaker) -> Circuit:
        """That of a question.

        Raises:
            tulle.model.breaking.Malformed: the expression of the question is none.
        """
        known = self._known.get(question.id)
        if known is None or known.question != question:
            known = Circuit(question, self._clock)
            self._known.put(question.id, known)
        return known

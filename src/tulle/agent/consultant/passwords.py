"""Lets those pass who know a password."""

from __future__ import annotations

import base64
from collections.abc import Awaitable

from tulle.agent.consultant.digests import Digests, Failure
from tulle.agent.consultant.seen import Passed, Refused, Seen, Verdict
from tulle.agent.consultant.users import Users
from tulle.agent.consultant.verifying import Busy, Verifier
from tulle.kit.clock import Clock
from tulle.model.consulting import Passwords

TOO_BUSY = Refused(status=503, headers=(("retry-after", "1"),), body="Service Unavailable")


class Doorkeeper:
    """Answers questions about passwords."""

    def __init__(self, clock: Clock, verifier: Verifier) -> None:
        self._verifier = verifier
        self._users = Users()
        self._digests = Digests(clock)

    def judge(self, question: Passwords, seen: Seen) -> Verdict | Awaitable[Verdict]:
        """Whether a request passes; something to wait for if it takes time to find out."""
        if question.is_digest:
            return self._judge_digest(question, seen)
        sent = _sent(seen.header("authorization"))
        if sent is None:
            return _judged(question, None)
        name, password = sent
        stored = self._users.hash_of(name, question)
        compared = stored or self._users.any_hash(question)
        known = self._verifier.known(compared, password)
        if known is None:
            return self._find_out(question, name if stored else None, compared, password, seen.address)
        return _judged(question, name if stored and known else None)

    async def _find_out(
        self, question: Passwords, name: str | None, stored: str, password: bytes, address: str
    ) -> Verdict:
        try:
            is_right = await self._verifier.verify(stored, password, address)
        except Busy:
            return TOO_BUSY
        return _judged(question, name if is_right else None)

    def _judge_digest(self, question: Passwords, seen: Seen) -> Verdict:
        found = self._digests.judge(
            question, seen, lambda name: self._users.hash_of(f"{name}:{question.realm}", question)
        )
        if isinstance(found, Failure):
            return _refused(self._digests.challenge(question, is_stale=found is Failure.STALE))
        return _passed(question, found)


def _sent(header: str) -> tuple[str, bytes] | None:
    """Name and password, if they are there."""
    if header[:6].lower() != "basic ":
        return None
    try:
        name, colon, password = base64.b64decode(header[6:], validate=True).partition(b":")
    except ValueError:
        return None
    return (name.decode(errors="replace"), password) if colon else None


def _judged(question: Passwords, name: str | None) -> Verdict:
    return _refused(f'Basic realm="{question.realm}"') if name is None else _passed(question, name)


def _passed(question: Passwords, name: str) -> Passed:
    return Passed(
        headers=((question.name_header, name),) if question.name_header else (),
        removed=("authorization",) if question.hides_proof else (),
    )


def _refused(challenge: str) -> Refused:
    headers = (("content-type", "text/plain"), ("www-authenticate", challenge))
    return Refused(status=401, headers=headers, body="401 Unauthorized\n")

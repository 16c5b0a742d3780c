"""Lets those pass who know a password."""

from __future__ import annotations

import base64

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

    async def judge(self, question: Passwords, seen: Seen) -> Verdict:
        """Whether a request passes."""
        if question.is_digest:
            return self._judge_digest(question, seen)
        try:
            name = await self._name(question, seen)
        except Busy:
            return TOO_BUSY
        return _refused(f'Basic realm="{question.realm}"') if name is None else _passed(question, name)

    async def _name(self, question: Passwords, seen: Seen) -> str | None:
        sent = _sent(seen.header("authorization"))
        if sent is None:
            return None
        name, password = sent
        stored = self._users.hash_of(name, question)
        known = await self._verifier.knows(stored or self._users.any_hash(question), password, seen.address)
        return name if stored and known else None

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


def _passed(question: Passwords, name: str) -> Passed:
    return Passed(
        headers=((question.name_header, name),) if question.name_header else (),
        removed=("authorization",) if question.hides_proof else (),
    )


def _refused(challenge: str) -> Refused:
    headers = (("content-type", "text/plain"), ("www-authenticate", challenge))
    return Refused(status=401, headers=headers, body="401 Unauthorized\n")

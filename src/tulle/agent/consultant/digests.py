"""Proofs that a client knows a password which it does not send (RFC 7616, MD5 and `auth`). Pure, but for the time.

A nonce says itself when it was made and by whom, so that those who know no password fill no table. Only the counters of
nonces that came with a right answer are kept.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from hashlib import blake2b
from urllib.parse import unquote, urlsplit

from tulle.agent.consultant.remembered import Remembered
from tulle.agent.consultant.seen import Seen
from tulle.kit.clock import Clock
from tulle.model.consulting import Passwords

LIFETIME = 3600
"""Seconds; clients get a new nonce without asking anybody."""
MOST_KNOWN = 20_000
_PAIR = re.compile(r'([^=,\s"]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^,]*)')
_HEXADECIMAL = re.compile("[0-9a-fA-F]{1,16}")


class Failure(Enum):
    """Why a proof does not count."""

    WRONG = "wrong"
    STALE = "stale"
    """Right, but with a nonce that must not be used any more."""


@dataclass(slots=True)
class _Used:
    made: int
    count: int


class Digests:
    """Makes nonces, and judges what comes with them."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._secret = secrets.token_bytes(32)
        self._used: Remembered[str, _Used] = Remembered(MOST_KNOWN)
        self._horizon = -1
        """Nonces that are as old may have been used and forgotten."""

    def challenge(self, question: Passwords, *, is_stale: bool) -> str:
        """The value of `WWW-Authenticate`."""
        stale = 'stale="true", ' if is_stale else ""
        return (
            f'Digest realm="{question.realm}", nonce="{self._nonce(question)}", opaque="{self._opaque(question)}", '
            f'{stale}algorithm="MD5", qop="auth"'
        )

    def judge(self, question: Passwords, seen: Seen, hash_of: Callable[[str], str]) -> str | Failure:
        """The name of the one who asks, or why it is not known."""
        scheme, _, rest = seen.header("authorization").partition(" ")
        said = {name: _unquoted(value.strip()) for name, value in _PAIR.findall(rest)} if scheme == "Digest" else {}
        agreed = (said.get("opaque"), said.get("algorithm", "MD5"), said.get("qop"))
        if agreed != (self._opaque(question), "MD5", "auth") or not _is_for(said.get("uri", ""), seen.path):
            return Failure.WRONG
        name = said.get("username", "")
        stored = hash_of(name)
        expected = _md5(stored, *(said.get(each, "") for each in ("nonce", "nc", "cnonce", "qop")), _action(seen, said))
        is_right = hmac.compare_digest(expected.encode(), said.get("response", "").encode())
        if not stored or not is_right or not _HEXADECIMAL.fullmatch(said.get("nc", "")):
            return Failure.WRONG
        return self._use(question, said.get("nonce", ""), int(said["nc"], 16)) or name

    def _nonce(self, question: Passwords) -> str:
        made = int(self._clock.monotonic()).to_bytes(5, "big") + secrets.token_bytes(7)
        return base64.b64encode(made + self._seal(made, question)).decode()

    def _opaque(self, question: Passwords) -> str:
        return base64.b64encode(self._seal(b"opaque", question)).decode()

    def _seal(self, text: bytes, question: Passwords) -> bytes:
        return blake2b(text + question.id.encode(), key=self._secret, digest_size=12).digest()

    def _use(self, question: Passwords, nonce: str, count: int) -> Failure | None:
        try:
            sealed = base64.b64decode(nonce, validate=True)
        except ValueError:
            return Failure.WRONG
        if not hmac.compare_digest(sealed[12:], self._seal(sealed[:12], question)):
            return Failure.WRONG
        made = int.from_bytes(sealed[:5], "big")
        used = self._used.get(nonce)
        if self._clock.monotonic() - made > LIFETIME or (used is None and made <= self._horizon):
            return Failure.STALE
        last = used.count if used else 0
        if count <= last:
            return Failure.WRONG if count == last else Failure.STALE
        forgotten = self._used.put(nonce, _Used(made, count))
        if forgotten is not None:
            self._horizon = max(self._horizon, forgotten.made)
        return None


def _action(seen: Seen, said: dict[str, str]) -> str:
    return _md5(seen.method, said.get("uri", ""))


def _md5(*parts: str) -> str:
    return hashlib.md5(":".join(parts).encode(), usedforsecurity=False).hexdigest()


def _unquoted(value: str) -> str:
    return value[1:-1] if value.startswith('"') else value


def _is_for(uri: str, path: str) -> bool:
    """Whether a proof for one is one for the other: those for a path count below it, too."""
    if uri == path:
        return True
    proved, asked = _path(uri), _path(path)
    return proved is not None and asked is not None and asked.startswith(proved)


def _path(uri: str) -> str | None:
    if re.search("%(?![0-9a-fA-F]{2})", uri):
        return None
    try:
        return unquote(uri.partition("?")[0] if uri.startswith("/") else urlsplit(uri).path)
    except ValueError:
        return None

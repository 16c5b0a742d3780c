"""Join tokens: how a new host gets in. Only hashes of them are kept.

A token reads `<id>.<secret>.<pin>`; the pin is the SHA-256 of the mesh's root certificate, so that the new host knows
whom it gives the secret to.
"""

from __future__ import annotations

import contextlib
import hmac
import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path

from tulle.kit.clock import Clock, SystemClock
from tulle.kit.codec import Undecodable, decode, encode
from tulle.kit.files import write_atomically


class TokenRefused(Exception):
    """A token does not let anybody in, with the reason."""


class TokensUnreadable(Exception):
    """The file of the tokens is damaged."""


@dataclass(frozen=True, slots=True)
class Token:
    """What a host is given to join with."""

    id: str
    secret: str
    pin: str
    """SHA-256 of the root certificate, in hexadecimal."""

    def __str__(self) -> str:
        return f"{self.id}.{self.secret}.{self.pin}"

    def __repr__(self) -> str:
        return f"Token({self.id})"

    @classmethod
    def parse(cls, text: str) -> Token:
        """Read a token as it was printed.

        Raises:
            TokenRefused: it is cut off or something else.
        """
        parts = text.strip().split(".")
        if len(parts) != 3 or not all(parts) or len(parts[2]) != 64:
            raise TokenRefused(
                "this is not a join token; it must have the form <id>.<secret>.<fingerprint>, in one piece"
            )
        return cls(*parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What is remembered of a token."""

    id: str
    secret_hash: str
    expires: datetime
    is_reusable: bool
    used_by: str = ""
    """Hash of who used a token that is not reusable: the same bearer may ask again, in case the answer was lost."""


class Tokens:
    """The tokens of a mesh, in one file."""

    def __init__(self, path: Path, pin: str, clock: Clock | None = None) -> None:
        self._path = path
        self._pin = pin
        self._clock = clock or SystemClock()

    def create(self, *, lifetime: float = 3600.0, reusable: bool = False) -> Token:
        """A new token, valid for `lifetime` seconds, for one host or for any number of them.

        Raises:
            OSError: it could not be stored.
            TokensUnreadable: the file of the tokens is damaged.
        """
        token = Token(secrets.token_hex(4), secrets.token_urlsafe(32), self._pin)
        now = self._clock.now()
        grant = Grant(
            id=token.id,
            secret_hash=_hash(token.secret),
            expires=now + timedelta(seconds=lifetime),
            is_reusable=reusable,
        )
        self._store((*(known for known in self.grants() if known.expires > now), grant))
        return token

    def redeem(self, text: str, bearer: str) -> None:
        """Let `bearer` (a host with its key, as text) in, once or as often as the token allows.

        Raises:
            TokenRefused: it is unknown, wrong, expired or was used by somebody else.
            OSError: that it was used could not be stored.
        """
        token = Token.parse(text)
        grants = self.grants()
        grant = next((known for known in grants if known.id == token.id), None)
        if grant is None or not hmac.compare_digest(grant.secret_hash, _hash(token.secret)):
            raise TokenRefused("this join token is not known here; was it made by this mesh, and not revoked?")
        if grant.expires <= self._clock.now():
            raise TokenRefused(f"this join token expired at {grant.expires:%F %T} UTC; make a new one")
        if grant.is_reusable or hmac.compare_digest(grant.used_by, _hash(bearer)):
            return
        if grant.used_by:
            raise TokenRefused("this join token was used already, by another host; make a new one")
        used = replace(grant, used_by=_hash(bearer))
        self._store(tuple(used if known.id == used.id else known for known in grants))

    def is_good(self, text: str) -> bool:
        """Whether any host may join with this token now, and trusts what answers; it is not used up by asking."""
        with contextlib.suppress(TokenRefused):
            token, now = Token.parse(text), self._clock.now()
            good = {
                (grant.id, grant.secret_hash) for grant in self.grants() if grant.is_reusable and grant.expires > now
            }
            return token.pin == self._pin and (token.id, _hash(token.secret)) in good
        return False

    def revoke(self, id: str) -> bool:
        """Forget a token; whether there was one."""
        grants = self.grants()
        self._store(tuple(grant for grant in grants if grant.id != id))
        return any(grant.id == id for grant in grants)

    def grants(self) -> tuple[Grant, ...]:
        """Every token that was made and not forgotten.

        Raises:
            TokensUnreadable: the file is damaged.
        """
        try:
            return decode(tuple[Grant, ...], self._path.read_bytes())
        except FileNotFoundError:
            return ()
        except Undecodable as error:
            raise TokensUnreadable(
                f"{self._path} is damaged ({error}); remove it and make new join tokens (hosts that joined stay)"
            ) from error

    def _store(self, grants: tuple[Grant, ...]) -> None:
        write_atomically(self._path, encode(grants))


def _hash(secret: str) -> str:
    # 256 random bits need no salt and no slow hash.
    return sha256(secret.encode()).hexdigest()

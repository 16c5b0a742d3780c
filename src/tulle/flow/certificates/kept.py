"""What replicas share about certificates: each of these is a record of the store, and changed by compare-and-set."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from datetime import datetime
from hashlib import sha256

from tulle.clients.acme.problems import Trouble
from tulle.model.challenges import HttpAnswer, TlsAnswer
from tulle.model.resolvers import Resolver

CERTIFICATES, ACCOUNTS, ANSWERS, REPLICAS = "certificate/", "account/", "answer/", "replica/"
"""Begin the names of records."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """A certificate, or the wish for one, and who is at it."""

    resolver: str
    domains: tuple[str, ...]
    chain: str = ""
    """PEM; empty as long as there is none."""
    key: str = field(default="", repr=False)
    authority: str = ""
    """The directory of who signed it; empty: not known."""
    orders: tuple[datetime, ...] = ()
    """When it was ordered, in the last week."""
    failures: int = 0
    """Since it was obtained last."""
    problem: str = ""
    """Why it could not be obtained; empty if it could."""
    trouble: Trouble = Trouble.AWAY
    retry: datetime | None = None
    """When it is tried again."""
    settings: str = ""
    """The fingerprint of the settings that it could not be obtained with."""
    holder: str = ""
    """The replica that is at it."""
    until: datetime | None = None
    """Until when nobody else is, if `holder` does not say so again."""

    def is_held(self, now: datetime) -> bool:
        """Whether a replica is at it."""
        return bool(self.holder) and self.until is not None and now < self.until


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A key, and the account that an authority knows it by."""

    authority: str
    key: str = field(repr=False)
    address: str = ""
    """Empty as long as there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """Something that every gateway is to answer."""

    http: HttpAnswer | None = None
    tls: TlsAnswer | None = None
    until: datetime
    """When it is forgotten, if nobody has removed it."""

    @property
    def answer(self) -> HttpAnswer | TlsAnswer | None:
        """It."""
        return self.http or self.tls


@dataclass(frozen=True, slots=True, kw_only=True)
class Replica:
    """A control plane that shares the store."""

    until: datetime
    """When it counts as gone."""
    shows: tuple[str, ...] = ()
    """Names of the answers that its gateways have."""


def identity(resolver: str, domains: Iterable[str]) -> str:
    """What tells certificates apart: who gets them, and for which names, in whatever order."""
    names = tuple(domains)
    digest = sha256("\n".join(sorted(names)).encode()).hexdigest()[:12]
    return f"{resolver}/{names[0]}-{digest}"


def account_name(resolver: Resolver) -> str:
    """The record of an account: another authority, another account."""
    digest = sha256(resolver.server.directory.encode()).hexdigest()[:12]
    return f"{ACCOUNTS}{resolver.name}/{digest}"


def fingerprint(resolver: Resolver) -> str:
    """Another one whenever a setting is: what failed before may work now."""
    settings = [getattr(resolver, each.name) for each in fields(resolver) if each.compare]
    secret = resolver.external_account.hmac if resolver.external_account else ""  # It is no part of any `repr`.
    return sha256(repr((settings, secret)).encode()).hexdigest()[:12]

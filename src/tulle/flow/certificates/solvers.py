"""Who puts there what authorities want to see: every gateway that shares the store, and name servers."""

from __future__ import annotations

import asyncio
import logging
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256

from tulle.clients.acme import keys
from tulle.clients.acme.solving import CannotSolve, Challenge, Solver
from tulle.clients.dns.base import CannotChange, Provider, TextRecord
from tulle.flow.certificates.kept import ANSWERS, Shown
from tulle.flow.certificates.shelf import Shelf
from tulle.kit.clock import Clock
from tulle.model.challenges import HttpAnswer, TlsAnswer
from tulle.model.resolvers import ChallengeKind, DnsChallenge, Resolver
from tulle.store.base import StoreError

log = logging.getLogger(__name__)

FORGOTTEN = timedelta(minutes=10)
"""After which an answer is removed that nobody has removed."""
PATIENCE = 20.0
"""Seconds that gateways have to take an answer before the authority looks anyway."""
POLL = 0.1


@dataclass(frozen=True, kw_only=True)
class GatewaySolver:
    """HTTP-01 and TLS-ALPN-01: answers that are records of the store, and so reach the gateways of every replica."""

    shelf: Shelf
    clock: Clock
    changed: Callable[[], None]
    """Told that there is a new record."""
    me: str
    """The name of this replica."""
    delays: Mapping[ChallengeKind, float]
    patience: float = PATIENCE

    async def present(self, challenge: Challenge) -> None:
        """Write it."""
        until = self.clock.now() + FORGOTTEN
        if challenge.kind is ChallengeKind.HTTP:
            answer = HttpAnswer(token=challenge.token, text=challenge.authorization, domain=challenge.domain)
            shown = Shown(http=answer, until=until)
        else:
            certificate, key = keys.proof(challenge.domain, challenge.authorization)
            shown = Shown(tls=TlsAnswer(domain=challenge.domain, certificate=certificate, key=key), until=until)
        await self._write(lambda: self.shelf.put(_name(challenge), shown))

    async def settle(self, challenges: Sequence[Challenge]) -> None:
        """Wait until every replica says that its gateways have them."""
        names = frozenset(map(_name, challenges))
        missing: list[str] = []
        try:
            async with asyncio.timeout(self.patience):
                while True:
                    missing = await asyncio.to_thread(self._missing, names)
                    if not missing:
                        break
                    await asyncio.sleep(POLL)
        except TimeoutError:
            # Perhaps the authority asks one that has it.
            log.warning("no word from the gateways of %s that they answer the authority", ", ".join(missing))
        await asyncio.sleep(max(self.delays.get(each.kind, 0.0) for each in challenges))

    async def remove(self, challenge: Challenge) -> None:
        """Remove the record."""
        await self._write(lambda: self.shelf.remove(_name(challenge)))

    async def _write(self, change: Callable[[], None]) -> None:
        try:
            await asyncio.to_thread(change)
        except StoreError as error:
            raise CannotSolve(str(error)) from error
        self.changed()

    def _missing(self, names: frozenset[str]) -> list[str]:
        """Replicas whose gateways do not have them all; that which asks is one of them."""
        now = self.clock.now()
        replicas = self.shelf.content().replicas
        alive = {self.me, *(name for name, each in replicas.items() if now < each.until)}
        shows = {name: frozenset(each.shows) for name, each in replicas.items()}
        return sorted(name for name in alive if not names <= shows.get(name, frozenset()))


@dataclass(frozen=True, kw_only=True)
class DnsSolver:
    """DNS-01: records of the domain."""

    provider: Provider
    settings: DnsChallenge
    port: int

    async def present(self, challenge: Challenge) -> None:
        """Add the record."""
        try:
            await self.provider.present(await self._record(challenge))
        except CannotChange as error:
            raise CannotSolve(str(error)) from error

    async def settle(self, challenges: Sequence[Challenge]) -> None:
        """Wait until name servers have them."""
        from tulle.clients.dns.propagation import NotSeen, seen

        await asyncio.sleep(self.settings.delay)
        try:
            for challenge in challenges:
                await seen(await self._record(challenge), self.settings, self.provider, self.port)
        except NotSeen as error:
            raise CannotSolve(str(error)) from error

    async def remove(self, challenge: Challenge) -> None:
        """Remove the record."""
        try:
            await self.provider.remove(await self._record(challenge))
        except CannotChange as error:
            raise CannotSolve(str(error)) from error

    async def _record(self, challenge: Challenge) -> TextRecord:
        """The record that is needed, or that which its name is an alias of (CNAME)."""
        from tulle.clients.dns.lookup import CannotLookUp, name_servers, unaliased

        name = f"_acme-challenge.{challenge.domain}."
        try:
            name = await unaliased(await name_servers(self.settings.resolvers), name, timeout=10.0)
        except CannotLookUp as error:
            log.info("whether %s is an alias could not be found out: %s", name, error)
        return TextRecord(
            name=name,
            value=digest(challenge.authorization),
            domain=challenge.domain,
            token=challenge.token,
            authorization=challenge.authorization,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How fast everything goes, which only tests change."""

    look: float = 1.0
    """Seconds after which it is looked whether another replica has changed something."""
    lease: float = 60.0
    """Seconds after which another replica may take over from one that died."""
    beat: float = 20.0
    """Seconds after which a replica says that it lives."""
    poll: float = 1.0
    """Seconds after which an authority is asked again."""
    dns_port: int = 53
    """Of the name servers of zones."""


@dataclass(frozen=True, kw_only=True)
class Tools:
    """What obtaining certificates needs."""

    shelf: Shelf
    clock: Clock
    me: str
    """The name of this replica."""
    changed: Callable[[], None]
    """Told that a record is another one now."""
    environment: Mapping[str, str]
    """With the settings of DNS providers."""
    pace: Pace = Pace()


def solvers(resolver: Resolver, tools: Tools) -> dict[ChallengeKind, Solver]:
    """All of a resolver.

    Raises:
        tulle.clients.dns.variables.Unconfigured: its DNS provider is none, or not set up.
    """
    delays = {
        ChallengeKind.HTTP: resolver.http.delay if resolver.http else 0.0,
        ChallengeKind.TLS: resolver.tls.delay if resolver.tls else 0.0,
    }
    gateway = GatewaySolver(shelf=tools.shelf, clock=tools.clock, changed=tools.changed, me=tools.me, delays=delays)
    found: dict[ChallengeKind, Solver] = {ChallengeKind.HTTP: gateway, ChallengeKind.TLS: gateway}
    if resolver.dns is not None:
        from tulle.clients.dns.providers import provider

        made = provider(resolver.dns.provider, tools.environment)
        found[ChallengeKind.DNS] = DnsSolver(provider=made, settings=resolver.dns, port=tools.pace.dns_port)
    return found


def digest(authorization: str) -> str:
    """What the record says (RFC 8555 §8.4)."""
    return urlsafe_b64encode(sha256(authorization.encode()).digest()).rstrip(b"=").decode()


def _name(challenge: Challenge) -> str:
    key = challenge.token if challenge.kind is ChallengeKind.HTTP else challenge.domain
    return f"{ANSWERS}{challenge.kind}/{key}"

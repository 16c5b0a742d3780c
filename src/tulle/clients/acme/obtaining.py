"""Getting one certificate: order, proofs, request, chain."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tulle.clients.acme import keys
from tulle.clients.acme.connection import Connection, Resource
from tulle.clients.acme.problems import CannotObtain, Trouble
from tulle.clients.acme.solving import CannotSolve, Challenge, Solver
from tulle.kit.threads import in_thread
from tulle.model.resolvers import ChallengeKind, Resolver

log = logging.getLogger(__name__)

POLL = 1.0
LOOK_TIMEOUT = 180.0
"""Seconds that an authority may take to look at a proof."""
CLEAN_UP_TIMEOUT = 20.0


@dataclass(frozen=True, slots=True)
class Issued:
    """A certificate and its key, in PEM."""

    chain: str
    key: str = field(repr=False)


Solvers = Mapping[ChallengeKind, Solver]
Todo = tuple[Resource, Mapping[str, Any], Challenge]
"""An authorization, the challenge of it that is taken, and what that asks for."""


async def obtain(
    connection: Connection, resolver: Resolver, domains: tuple[str, ...], solvers: Solvers, poll: float = POLL
) -> Issued:
    """Get a certificate.

    Raises:
        CannotObtain: there is none.
    """
    order = await in_thread(connection.order, domains, resolver.profile)
    todo = await _todo(connection, order, resolver, solvers)
    async with _presented(todo, solvers):
        for _, challenge, _ in todo:
            await in_thread(connection.answer, challenge)
        async with _deadline(LOOK_TIMEOUT, "it has not looked at what it wanted to see"):
            for authorization, challenge, asked in todo:
                await _proven(connection, authorization, challenge, asked, poll)
    key = await in_thread(keys.new_key, resolver.key_type)
    request = keys.signing_request(key, domains, emails=resolver.email_addresses, has_subject=resolver.has_common_name)
    async with _deadline(max(resolver.issue_timeout, poll * 2), "it has not signed the certificate"):
        order = await _signed(connection, order, request, poll)
    chains = await in_thread(connection.chains, order)
    chain = _preferred(chains, resolver.preferred_chain)
    try:
        keys.facts(chain, key)
    except keys.Unusable as error:
        raise CannotObtain(f"what it sent cannot be used: {error}", Trouble.AWAY) from error
    return Issued(chain, key)


async def _todo(connection: Connection, order: Resource, resolver: Resolver, solvers: Solvers) -> list[Todo]:
    """What is not proven yet, and how it will be."""
    todo: list[Todo] = []
    for url in _texts(order.fields.get("authorizations")):
        authorization = await in_thread(connection.look, url)
        if authorization.status == "valid":
            continue
        domain = str((authorization.fields.get("identifier") or {}).get("value", ""))
        if authorization.status != "pending":
            raise CannotObtain(f"it has settled already that {domain} is not ours; a new order may help")
        offered = {str(each.get("type")): each for each in authorization.fields.get("challenges") or ()}
        kind = next((kind for kind in resolver.challenges if kind in offered and kind in solvers), None)
        if kind is None:
            raise CannotObtain(_unfit(domain, bool(authorization.fields.get("wildcard")), offered, resolver))
        token = str(offered[kind].get("token", ""))
        proof = connection.authorization_of(token)
        challenge = Challenge(kind=kind, domain=domain, token=token, authorization=proof)
        todo.append((authorization, offered[kind], challenge))
    return todo


def _unfit(domain: str, is_wildcard: bool, offered: Mapping[str, object], resolver: Resolver) -> str:
    if is_wildcard:
        return f"a certificate for *.{domain} needs a dnsChallenge"
    can = ", ".join(resolver.challenges) or "none"
    return f"it offers no challenge for {domain} that the resolver can do; it offers {', '.join(offered)}, ours: {can}"


@contextlib.asynccontextmanager
async def _presented(todo: Sequence[Todo], solvers: Solvers) -> AsyncIterator[None]:
    """Whatever the authority wants to see is there, for as long as it lasts."""
    begun: list[Challenge] = []
    try:
        for _, _, challenge in todo:
            begun.append(challenge)
            await solvers[challenge.kind].present(challenge)
        for kind in sorted({challenge.kind for challenge in begun}):
            await solvers[kind].settle([challenge for challenge in begun if challenge.kind is kind])
        yield
    except CannotSolve as error:
        raise CannotObtain(str(error), Trouble.UNSOLVED) from error
    finally:
        for challenge in begun:
            await _removed(solvers[challenge.kind], challenge)


async def _removed(solver: Solver, challenge: Challenge) -> None:
    try:
        async with asyncio.timeout(CLEAN_UP_TIMEOUT):
            await solver.remove(challenge)
    except (CannotSolve, TimeoutError) as error:
        log.warning("what proved that %s is ours could not be taken away: %s", challenge.domain, error)


async def _proven(
    connection: Connection, authorization: Resource, challenge: Mapping[str, Any], asked: Challenge, poll: float
) -> None:
    while True:
        found = await in_thread(connection.look, authorization.url)
        if found.status == "valid":
            return
        if found.status not in {"pending", "processing"}:
            mine = [each for each in found.fields.get("challenges") or () if each.get("url") == challenge["url"]]
            reason = str(Resource("", mine[0]).error()) if mine else found.status
            raise CannotObtain(f"it could not see by {asked.kind} that {asked.domain} is ours: {reason}")
        await asyncio.sleep(poll)


async def _signed(connection: Connection, order: Resource, request: str, poll: float) -> Resource:
    """The order, with a certificate."""
    is_handed_in = False
    order = await in_thread(connection.look, order.url)
    while order.status != "valid":
        if order.status == "invalid":
            raise order.error()
        if order.status == "ready" and not is_handed_in:
            is_handed_in = True
            order = await in_thread(connection.finalize, order, request)
        else:
            await asyncio.sleep(poll)
            order = await in_thread(connection.look, order.url)
    return order


def _preferred(chains: Sequence[str], root: str) -> str:
    if not root:
        return chains[0]
    for chain in chains:
        with contextlib.suppress(ValueError, IndexError):
            if keys.has_root(chain, root):
                return chain
    log.warning('no chain ends at "%s", which preferredChain asks for; the usual one is taken', root)
    return chains[0]


@contextlib.asynccontextmanager
async def _deadline(seconds: float, reason: str) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError as error:
        raise CannotObtain(f"{reason} within {seconds:g} s", Trouble.AWAY) from error


def _texts(value: object) -> list[str]:
    return [str(each) for each in value] if isinstance(value, list) else []

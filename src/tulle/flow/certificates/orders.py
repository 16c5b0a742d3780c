"""Obtaining one certificate, as the one replica that does: with a lease that ends if it dies."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from dataclasses import replace
from datetime import datetime, timedelta
from importlib import import_module
from typing import TYPE_CHECKING

from tulle.clients.acme.keys import Unusable, new_account_key, private_key
from tulle.clients.acme.problems import CannotObtain, Trouble
from tulle.clients.dns.variables import Unconfigured
from tulle.flow.certificates import timing
from tulle.flow.certificates.kept import CERTIFICATES, Account, Certificate, account_name, fingerprint
from tulle.flow.certificates.planning import Task
from tulle.flow.certificates.solvers import Tools, solvers
from tulle.kit.threads import in_thread
from tulle.model.resolvers import ChallengeKind, Resolver
from tulle.store.base import Conflict, StoreError

if TYPE_CHECKING:
    from tulle.clients.acme.connection import Connection
    from tulle.clients.acme.obtaining import Issued
    from tulle.clients.acme.solving import Solver

log = logging.getLogger(__name__)

PAUSES = (0.5, 2.0, 8.0)
"""Between tries to write what was obtained at such cost."""


STORE_PAUSE = 5.0
"""Seconds after which it is tried again whether the store can be written."""


class Order:
    """One certificate, from taking the lease to writing what came of it."""

    def __init__(self, tools: Tools, task: Task, version: int) -> None:
        """`version` is that of the record at which the task was found; 0: there was none."""
        self._tools = tools
        self._task = task
        self._version = version
        self._held = Certificate(resolver=task.resolver.name, domains=task.domains)

    async def fulfil(self) -> None:
        """Obtain it, unless another replica is at it or has done it already; what comes of it is in the store."""
        try:
            if not await asyncio.to_thread(self._take):
                return
            log.info("obtaining a certificate for %s", ", ".join(self._task.domains))
            try:
                result = await self._while_held()
            except BaseException:
                await asyncio.to_thread(self._release)
                raise
            await self._settle(result)
        except StoreError as error:
            log.error("the certificate for %s: %s", ", ".join(self._task.domains), error)
            await asyncio.sleep(STORE_PAUSE)
        finally:
            self._tools.changed()

    def _take(self) -> bool:
        found, version = self._tools.shelf.certificate(self._task.identity)
        now = self._tools.clock.now()
        if version != self._version or (found is not None and found.is_held(now)):
            return False
        before = found or self._held
        orders = tuple(moment for moment in before.orders if now - moment < timing.WEEK)
        held = replace(before, holder=self._tools.me, until=self._until(), orders=(*orders, now))
        with contextlib.suppress(Conflict):
            self._hold(held)
            return True
        return False

    def _hold(self, certificate: Certificate) -> None:
        name = CERTIFICATES + self._task.identity
        self._version = self._tools.shelf.write(name, certificate, self._version)
        self._held = certificate

    async def _while_held(self) -> Issued | CannotObtain:
        """What came of it; the lease is extended meanwhile."""
        done = asyncio.Event()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._keep(done))
            try:
                return await self._obtained()
            finally:
                done.set()

    async def _keep(self, done: asyncio.Event) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._tools.pace.lease / 3):
                    await done.wait()
                    return
            try:
                await asyncio.to_thread(self._extend)
            except Conflict:
                # Somebody took over because we were late; one certificate too many does no harm.
                log.warning("another control plane is at the certificate for %s, too", ", ".join(self._task.domains))
                return
            except StoreError as error:
                log.warning("the lease of a certificate cannot be extended: %s", error)

    def _extend(self) -> None:
        self._hold(replace(self._held, until=self._until()))

    async def _obtained(self) -> Issued | CannotObtain:
        try:
            try:
                return await self._obtain()
            except CannotObtain as error:
                if error.trouble is not Trouble.STRANGER:
                    return error
            log.warning("%s is not known to its authority any more; it joins anew", self._task.resolver.name)
            await asyncio.to_thread(self._forget_account)
            return await self._obtain()
        except CannotObtain as error:
            return error
        except Exception as error:  # A mistake of ours must not become a stream of orders.
            log.exception("the certificate for %s", ", ".join(self._task.domains))
            return CannotObtain(f"a mistake of Tulle: {error!r}")

    async def _obtain(self) -> Issued:
        tools, resolver = self._tools, self._task.resolver
        try:
            made = await asyncio.to_thread(_prepared, resolver, tools)
        except Unconfigured as error:
            raise CannotObtain(str(error), Trouble.UNSOLVED) from error
        connection = await in_thread(self._connect)
        try:
            from tulle.clients.acme.obtaining import obtain

            return await obtain(connection, resolver, self._task.domains, made, tools.pace.poll)
        finally:
            connection.close()

    def _connect(self) -> Connection:
        """A connection with the account of the resolver, which is made if there is none."""
        from tulle.clients.acme.connection import Connection
        from tulle.clients.acme.trust import with_environment

        resolver = self._task.resolver
        account = self._account(resolver)
        server = with_environment(resolver.server, self._tools.environment)
        connection = Connection(server, account.key, account.address)
        if not account.address:
            address = connection.register(resolver.email, resolver.external_account)
            self._remember(replace(account, address=address))
        return connection

    def _account(self, resolver: Resolver) -> Account:
        """The account that all replicas use: whoever comes first writes its key before anybody registers it."""
        name = account_name(resolver)
        while True:
            found, version = self._tools.shelf.account(name)
            if found is not None and _is_usable(found):
                return found
            made = Account(authority=resolver.server.directory, key=new_account_key())
            with contextlib.suppress(Conflict):
                self._tools.shelf.write(name, made, version)
                return made

    def _remember(self, account: Account) -> None:
        self._tools.shelf.put(account_name(self._task.resolver), account)

    def _forget_account(self) -> None:
        self._remember(replace(self._account(self._task.resolver), address=""))

    def _release(self) -> None:
        """Let others have it: we are ended."""
        with contextlib.suppress(Conflict, StoreError):
            self._hold(replace(self._held, holder="", until=None))

    async def _settle(self, result: Issued | CannotObtain) -> None:
        """Write what came of it, even if the disk is full for a moment."""
        for pause in PAUSES:
            try:
                await asyncio.to_thread(self._write, result)
                return
            except StoreError as error:
                log.warning("what came of the order for %s cannot be kept: %s", ", ".join(self._task.domains), error)
                await asyncio.sleep(pause)
        await asyncio.to_thread(self._write, result)

    def _write(self, result: Issued | CannotObtain) -> None:
        try:
            self._hold(self._outcome(result))
        except Conflict:
            if isinstance(result, CannotObtain):
                return  # Somebody else is at it now.
            found, self._version = self._tools.shelf.certificate(self._task.identity)
            self._held = found or self._held
            self._hold(self._outcome(result))

    def _outcome(self, result: Issued | CannotObtain) -> Certificate:
        held = replace(self._held, holder="", until=None)
        if not isinstance(result, CannotObtain):
            return replace(
                held,
                chain=result.chain,
                key=result.key,
                authority=self._task.resolver.server.directory,
                failures=0,
                problem="",
                retry=None,
            )
        failures = held.failures + 1 if held.trouble is result.trouble or not held.problem else 1
        pause = timing.pause(result.trouble, failures, result.pause, self._task.identity)
        log.warning("no certificate for %s: %s", ", ".join(self._task.domains), result)
        return replace(
            held,
            failures=failures,
            problem=str(result),
            trouble=result.trouble,
            retry=self._tools.clock.now() + pause,
            settings=fingerprint(self._task.resolver),
        )

    def _until(self) -> datetime:
        return self._tools.clock.now() + timedelta(seconds=self._tools.pace.lease)


def _prepared(resolver: Resolver, tools: Tools) -> dict[ChallengeKind, Solver]:
    """The solvers of a resolver. Imports what takes a while: most meshes never need it, and streams must not wait."""
    import_module("tulle.clients.acme.obtaining")
    return solvers(resolver, tools)


def _is_usable(account: Account) -> bool:
    try:
        private_key(account.key)
    except Unusable:
        return False
    return True

"""Certificates for whoever wants them, obtained and renewed in the background, shared with other control planes."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from secrets import token_hex

from tulle.flow.certificates.domains import canonical_set
from tulle.flow.certificates.gateways import Gateways, Reached
from tulle.flow.certificates.kept import CERTIFICATES, REPLICAS
from tulle.flow.certificates.orders import Order
from tulle.flow.certificates.planning import Known, Plan, Task, Wish, plan
from tulle.flow.certificates.possible import unusable
from tulle.flow.certificates.served import Secrets, secret_name
from tulle.flow.certificates.shelf import Content, Shelf
from tulle.flow.certificates.solvers import Pace, Tools
from tulle.flow.certificates.taking_over import take_over
from tulle.kit.clock import Clock, SystemClock
from tulle.model.challenges import NOTHING_ISSUED, Answer, Issued
from tulle.model.findings import Finding
from tulle.model.names import Name
from tulle.model.objects import Secret
from tulle.model.resolvers import Resolver, WantedCertificate
from tulle.store.base import StoreError
from tulle.store.records import Records

log = logging.getLogger(__name__)

USUAL = Pace()
AT_ONCE = 10
"""Certificates that are obtained at the same time."""
MEMORY, SHORT_MEMORY = timedelta(days=30), timedelta(days=1)
"""How long a certificate is kept after its end, and failures are if nobody wants it any more."""


class Resolvers:
    """The certificates of all resolvers. Calls `changed` after every change of what it has to say."""

    def __init__(
        self,
        records: Records,
        changed: Callable[[], None],
        reached: Reached,
        *,
        clock: Clock | None = None,
        environment: Mapping[str, str] | None = None,
        pace: Pace = USUAL,
    ) -> None:
        """`reached` returns when the gateways of this control plane answer what it is given."""
        self.secrets: Mapping[Name, Secret] = {}
        """Every certificate that can be shown. Replaced, never changed in place, as everything here."""
        self.served: Mapping[Wish, Name] = {}
        """By resolver and names (in their one form): the secret; what is not here has none yet."""
        self.answers: tuple[Answer, ...] = ()
        """What gateways are to answer authorities."""
        self.issued = NOTHING_ISSUED
        """The secrets and answers together."""
        self.findings: tuple[Finding, ...] = ()
        self.me = f"{os.uname().nodename}-{os.getpid()}-{token_hex(4)}"
        self._changed = changed
        self._clock = clock or SystemClock()
        self._look = pace.look
        self._shelf = Shelf(records)
        self._gateways = Gateways(self._shelf, self._clock, self.me, reached, pace.beat)
        self._tools = Tools(
            shelf=self._shelf,
            clock=self._clock,
            me=self.me,
            changed=self._stir,
            environment=os.environ if environment is None else environment,
            pace=pace,
        )
        self._resolvers: Mapping[str, Resolver] = {}
        self._wanted: tuple[WantedCertificate, ...] = ()
        self._provided: frozenset[str] = frozenset()
        self._content = Content()
        self._mark: int | None = None
        self._made = Secrets()
        self._busy: set[str] = set()
        """Names that are being proven."""
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._stirred = asyncio.Event()
        self._next = self._clock.now()
        self._taken_over: dict[str, tuple[Resolver, tuple[Finding, ...]]] = {}
        self._unusable: dict[str, tuple[Resolver, str]] = {}

    def load(self) -> None:
        """Read what is stored, so that the first mesh has its certificates; blocks for some milliseconds."""
        try:
            self._mark, self._content = self._read(None) or (self._mark, self._content)
        except StoreError as error:
            log.warning("certificates cannot be read: %s", error)
        self.secrets = self._made.of(self._content.known, self._clock.now())
        self.issued = Issued(secrets=self.secrets)

    def follow(
        self,
        resolvers: Mapping[str, Resolver],
        wanted: Iterable[WantedCertificate],
        provided: Iterable[str] = (),
    ) -> None:
        """Obtain what is wanted from now on, and keep it new; but for names that documents have certificates for."""
        before = (self._resolvers, self._wanted, self._provided)
        self._resolvers, self._wanted = dict(resolvers), tuple(wanted)
        self._provided = frozenset(canonical_set(provided))
        if before != (self._resolvers, self._wanted, self._provided) or _moved(self._wanted, before[1]):
            self._stir()

    async def run(self) -> None:
        """Obtain and renew until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._gateways.run(), name="answers for certificate authorities")
            while True:
                self._stirred.clear()
                try:
                    await self._once(tasks)
                except StoreError as error:
                    log.warning("certificates cannot be looked after: %s", error)
                except Exception:  # One mistake must not end everything else.
                    log.exception("certificates cannot be looked after")
                await self._pause()

    async def _pause(self) -> None:
        """Until there may be something to do."""
        if not self._resolvers:
            await self._stirred.wait()
            return
        while not self._stirred.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._look):
                    await self._stirred.wait()
            if self._clock.now() >= self._next or await asyncio.to_thread(self._is_changed):
                return

    async def _once(self, tasks: asyncio.TaskGroup) -> None:
        """Look at everything, and begin what is due."""
        resolvers, wanted = self._resolvers, self._wanted
        findings = await asyncio.to_thread(self._prepared, resolvers)
        read = await asyncio.to_thread(self._read, self._mark)
        if read is not None:
            self._mark, self._content = read
        now = self._clock.now()
        reasons = {name: reason for name, (_, reason) in self._unusable.items() if reason}
        planned = plan(resolvers, wanted, self._content.known, reasons, self._provided, now)
        if resolvers:
            await asyncio.to_thread(self._tidy, planned, now)
        self._tell(planned, findings, now)
        self._next = now + MEMORY
        for task in planned.tasks:
            self._begin(tasks, task, now)
        self._wake_for(planned, now)

    def _begin(self, tasks: asyncio.TaskGroup, task: Task, now: datetime) -> None:
        """Start a task if it is due and nobody is at it, or note when that will be."""
        known = self._content.known.get(task.identity)
        due = task.due
        if known is not None and known.certificate.is_held(now) and known.certificate.until is not None:
            due = max(due, known.certificate.until)
        if due > now:
            self._next = min(self._next, due)
        elif not self._is_busy(task):
            version = self._content.versions.get(CERTIFICATES + task.identity, 0)
            order = Order(self._tools, task, version)
            running = tasks.create_task(self._fulfil(order), name=f"certificate {task.identity}")
            self._busy.update(task.domains)
            running.add_done_callback(lambda _: self._ended(task))

    def _is_busy(self, task: Task) -> bool:
        """Whether one of its names is being proven already: there can be one proof of a name at a time."""
        return not self._busy.isdisjoint(task.domains)

    async def _fulfil(self, order: Order) -> None:
        async with self._slots:
            await order.fulfil()

    def _ended(self, task: Task) -> None:
        self._busy.difference_update(task.domains)
        self._stir()

    def _wake_for(self, planned: Plan, now: datetime) -> None:
        """Look again when something ends that is shown now."""
        ends = [each.facts.end for each in self._content.known.values() if each.facts and each.is_valid(now)]
        ends += [each.until for each in self._content.shown.values()]
        self._next = min([self._next, *(end for end in ends if end > now)])

    def _tell(self, planned: Plan, findings: tuple[Finding, ...], now: datetime) -> None:
        """Say so if anything is different now."""
        shown = {name: each for name, each in self._content.shown.items() if now < each.until}
        secrets = self._made.of(self._content.known, now)
        served = {wish: secret_name(identity) for wish, identity in planned.served.items()}
        answers = tuple(each.answer for each in shown.values() if each.answer is not None)
        new = (secrets, served, answers, (*planned.findings, *findings))
        if new != (self.secrets, self.served, self.answers, self.findings):
            self.secrets, self.served, self.answers, self.findings = new
            self.issued = Issued(secrets=secrets, answers=answers)
            self._changed()
        if self._resolvers:
            self._gateways.show(shown)

    def _prepared(self, resolvers: Mapping[str, Resolver]) -> tuple[Finding, ...]:
        """Look at resolvers that are new or different: whether they can work, and what they take over."""
        for name, resolver in resolvers.items():
            if name not in self._unusable or self._unusable[name][0] != resolver:
                self._unusable[name] = (resolver, unusable(resolver, self._tools.environment))
            if resolver.storage and (name not in self._taken_over or self._taken_over[name][0] != resolver):
                self._taken_over[name] = (resolver, take_over(resolver, self._shelf))
        for table in (self._unusable, self._taken_over):
            for name in table.keys() - resolvers.keys():
                del table[name]
        return tuple(finding for _, found in self._taken_over.values() for finding in found)

    def _tidy(self, planned: Plan, now: datetime) -> None:
        """Remove what is over: answers that nobody removed, replicas that are gone, certificates long past."""
        over = [name for name, each in self._content.shown.items() if now >= each.until]
        over += [REPLICAS + name for name, each in self._content.replicas.items() if now >= each.until]
        busy = {task.identity for task in planned.tasks}
        over += [
            CERTIFICATES + name
            for name, each in self._content.known.items()
            if name not in busy and _is_over(each, now)
        ]
        for name in over:
            self._shelf.remove(name)

    def _read(self, mark: int | None) -> tuple[int, Content] | None:
        """Everything, if it is not as it was at a mark."""
        newest = self._shelf.mark()
        return None if newest == mark else (newest, self._shelf.content())

    def _is_changed(self) -> bool:
        try:
            return self._shelf.mark() != self._mark
        except StoreError as error:
            log.warning("certificates cannot be looked after: %s", error)
            return False

    def _stir(self) -> None:
        self._stirred.set()


def _is_over(known: Known, now: datetime) -> bool:
    """Whether nobody needs a certificate that is wanted no more; failures are remembered for a while, too."""
    certificate = known.certificate
    ended = known.facts.end if known.facts else max(certificate.orders, default=now - MEMORY)
    return not certificate.is_held(now) and now - ended >= (MEMORY if known.facts else SHORT_MEMORY)


def _moved(new: tuple[WantedCertificate, ...], old: tuple[WantedCertificate, ...]) -> bool:
    """Whether something is wanted in another place than before, for findings."""
    return any(one.origin is not other.origin for one, other in zip(new, old, strict=False))

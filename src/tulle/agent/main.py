"""Composition root of the agent: reads top to bottom. One agent per host and home."""

from __future__ import annotations

import asyncio
import fcntl
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tulle.agent.assignments import Assignments
from tulle.agent.enrolment import Enrolment, Invitation
from tulle.agent.gateway import Gateway
from tulle.agent.last_good import LastGood
from tulle.agent.proxies import Proxies, Surroundings
from tulle.agent.relay import Relay
from tulle.agent.reports import Reports
from tulle.agent.sidecars import EnvoySidecars
from tulle.agent.supply import Plane
from tulle.api.hosts_messages import HostReport
from tulle.kit.clock import Clock, SystemClock
from tulle.kit.home import Home
from tulle.kit.lifeline import end_of_life
from tulle.kit.processes import allow_many_files
from tulle.runtime.placement import LOOPBACK
from tulle.runtime.supervisor import Options, Supervisor
from tulle.xds.messages import Node

log = logging.getLogger(__name__)

DEADLINE = 10.0
"""Seconds in which everything is drained and ended."""
SWEEP = 5.0
"""Seconds between looks for proxies that stand before nothing."""
LOCK_PATIENCE = 5.0
"""Seconds that a predecessor may take to be gone."""


class AlreadyRunning(RuntimeError):
    """Another agent owns this home."""


async def run(
    home: Home,
    plane: str,
    host: str,
    role: str,
    invitation: Invitation | None = None,
    lifeline: int | None = None,
    address: str = LOOPBACK,
) -> None:
    """Run an agent until SIGTERM, SIGINT or the end of its lifeline; then end everything that it runs.

    Killed, it leaves everything running, to be adopted by the next agent of the same home.

    Args:
        home: where its state is.
        plane: `host:port` of the control plane.
        host: name of this host in the mesh.
        role: `sidecar` (workloads), `gateway`, or `host` (both).
        invitation: how to join; by default with the control plane of the same home.
        lifeline: file descriptor that reaches its end when whoever started us is gone.
        address: of this host, where its sidecars listen for proxies of other hosts.

    Raises:
        AlreadyRunning: another agent owns this home.
        OSError: the home cannot be written.
    """
    home.create()
    allow_many_files()
    async with _owned(home):
        agent = _Agent(home, plane, host, role, invitation or of_the_same_home(home), address)
        await agent.run(end_of_life(lifeline))


def of_the_same_home(home: Home) -> Invitation:
    """Join by the socket and the token that the control plane of this home leaves there."""
    token = home.plane / "join-token"
    return Invitation(address=f"unix:{home.sockets / 'join.sock'}", token=token.read_text)


class _Agent:
    """What there is in an agent, and who knows whom."""

    def __init__(self, home: Home, plane: str, host: str, role: str, invitation: Invitation, address: str) -> None:
        clock = SystemClock()
        self._plane, self._host, self._role = plane, host, role
        self._reports = Reports(HostReport(host=host, role=role))
        self._enrolment = Enrolment(home, host, plane, invitation, clock)
        around = Surroundings(
            home=home,
            relay=Relay(home.sockets / "relay.sock"),
            plane=Plane(address=plane),
            sign=self._enrolment.sign,
            clock=clock,
            changed=self._tell,
        )
        self._troubles: dict[str, str] = {}
        """What the supervisor was told of sidecars whose Envoy had ended."""
        self._relay = around.relay
        self._proxies = Proxies(around)
        self._gateway = Gateway(host, self._proxies, lambda: _consult(home, clock))
        self._supervisor = Supervisor(
            host=host,
            home=home,
            sidecars=EnvoySidecars(self._proxies),
            report=lambda _: self._tell(),
            options=Options(address=address),
        )
        node = Node(f"agent-{host}", metadata={"role": "agent", "host": host, "agent_role": role})
        self._assignments = Assignments(node, LastGood(home.agent / "assignments.db"), self._supervisor, self._gateway)

    async def run(self, ended: asyncio.Future[None]) -> None:
        """Adopt, supervise, follow the plane; when `ended` is done, end everything."""
        # First of all, so that Envoys which come back to the socket find what they had.
        self._proxies.adopt()
        async with asyncio.TaskGroup() as tasks:
            lasting = [
                tasks.create_task(self._relay.run()),
                tasks.create_task(self._proxies.run()),
                tasks.create_task(self._enrolment.run(self._tell)),
                tasks.create_task(self._reports.run(self._enrolment, self._plane)),
                tasks.create_task(self._follow()),
                tasks.create_task(self._gateway.run()),
                tasks.create_task(self._sweep()),
            ]
            supervising = tasks.create_task(self._supervisor.run())
            await ended
            log.info("draining and ending everything on this host")
            await self._end()
            for task in (supervising, *lasting):
                task.cancel()

    async def _follow(self) -> None:
        await self._enrolment.joined()
        upstream = Plane(address=self._plane).upstream(lambda: self._enrolment.material)
        await self._assignments.run(upstream)

    async def _sweep(self) -> None:
        """End proxies whose instance is gone, as after a crash between the end of the one and of the other."""
        while True:
            await asyncio.sleep(SWEEP)
            wanted = {instance.id for instance in self._supervisor.instances()} | {self._gateway.id}
            for orphan in self._proxies.ids - wanted:
                log.warning("proxy %s stands before nothing and is ended", orphan)
                await self._proxies.stop(orphan)

    async def _end(self) -> None:
        try:
            async with asyncio.timeout(DEADLINE):
                # From the outside in: first no new requests, then nobody to answer them.
                await self._gateway.stop()
                await self._supervisor.stop_all(DEADLINE - 2.0)
        except TimeoutError:
            log.warning("not everything could be drained in %g s", DEADLINE)
        await asyncio.gather(*(self._proxies.stop(proxy) for proxy in self._proxies.ids))

    def _tell(self) -> None:
        """Something on this host changed: the plane should know."""
        for proxy, trouble in self._proxies.troubles.items():
            # Telling the supervisor comes back here; so once for each change.
            if trouble != self._troubles.get(proxy, ""):
                self._troubles[proxy] = trouble
                self._supervisor.sidecar_is(proxy, trouble)
        message = "; ".join((*self._enrolment.complaints, *self._proxies.complaints))
        instances = self._supervisor.instances()
        self._reports.set(HostReport(host=self._host, role=self._role, instances=instances, message=message))


async def _consult(home: Home, clock: Clock) -> None:
    # Only hosts with a gateway need what this loads.
    from tulle.agent.consultant.server import Consultant

    await Consultant(home.consultant_socket, clock).run()


@asynccontextmanager
async def _owned(home: Home) -> AsyncIterator[None]:
    """Hold the home; a predecessor that was just killed may need a moment to be gone."""
    with (home.agent / "lock").open("w") as lock:
        for _ in range(int(LOCK_PATIENCE / 0.1)):
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                await asyncio.sleep(0.1)
        else:
            raise AlreadyRunning(
                f"another agent runs in {home.root}; stop it first, or set TULLE_HOME to another directory"
            )
        yield

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from tulle.agent.assignments import Assignments
from tulle.agent.last_good import LastGood
from tulle.kit.codec import encode
from tulle.model.names import Name
from tulle.model.workloads import Assignment, GatewayAssignment, Probe
from tulle.xds.client import Upstream
from tulle.xds.messages import Node
from tulle.xds.server import serving
from tulle.xds.snapshot import GATEWAY, WORKLOAD, Resource, Snapshot, framed
from tulle.xds.subscription import Session

NODE = Node("agent-here", metadata={"role": "agent"})
WEB = Assignment(
    name=Name("shop", "web"),
    service=Name("shop", "web"),
    version="",
    account="web",
    labels=(),
    command="run",
    directory="/",
    environment=(),
    ports=(),
    replicas=1,
    probe=Probe(),
    drain=5.0,
    unix_socket=False,
    forwards=(),
    trust_domain="cluster.local",
    concurrency=1,
)
EDGE = GatewayAssignment(name=Name("tulle-system", "gateway"), trust_domain="cluster.local", concurrency=0)


@dataclass
class Host:
    """What is told to run."""

    assigned: list[tuple[Assignment, ...]] = field(default_factory=list)
    gateways: list[GatewayAssignment | None] = field(default_factory=list)

    def assign(self, assignments: tuple[Assignment, ...]) -> None:
        self.assigned.append(assignments)


@dataclass
class Edge:
    host: Host

    def assign(self, assignment: GatewayAssignment | None) -> None:
        self.host.gateways.append(assignment)


class PlayedPlane:
    def __init__(self) -> None:
        self.session: Session | None = None
        self.snapshot = Snapshot(
            {WORKLOAD: {"web.shop": workload(WEB)}, GATEWAY: {"g": framed(GATEWAY, "g", encode(EDGE))}}
        )

    def publish(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        assert self.session is not None
        self.session.publish(snapshot)

    def opened(self, session: Session) -> None:
        self.session = session
        session.publish(self.snapshot)

    def closed(self, session: Session) -> None: ...
    def wanted(self, session: Session, type_url: str, names: frozenset[str]) -> None: ...
    def settled(self, session: Session) -> None: ...


def workload(assignment: Assignment) -> Resource:
    return framed(WORKLOAD, str(assignment.name), encode(assignment))


def made(good: LastGood) -> tuple[Assignments, Host]:
    host = Host()
    supervisor: Any = host
    edge: Any = Edge(host)
    return Assignments(NODE, good, supervisor, edge), host


async def test_what_the_plane_says_is_run_and_remembered(
    good: LastGood, tasks: Any, eventually: Any, caplog: pytest.LogCaptureFixture
) -> None:
    assignments, host = made(good)
    assert host.assigned == []
    plane = PlayedPlane()
    with tempfile.TemporaryDirectory() as directory:
        async with serving(plane, address=f"unix:{directory}/plane"):
            tasks(assignments.run(Upstream(address=f"unix:{directory}/plane")))
            await eventually(lambda: host.assigned and host.gateways)
            assert (host.assigned[-1], host.gateways[-1]) == ((WEB,), EDGE)

            # What cannot be read is refused; what is removed ends.
            more = replace(WEB, replicas=2)
            broken = framed(WORKLOAD, "broken", b"{}")
            plane.publish(Snapshot({WORKLOAD: {"web.shop": workload(more), "broken": broken}}))
            await eventually(lambda: plane.session and plane.session.refused)
            await eventually(lambda: (host.assigned[-1], host.gateways[-1]) == ((more,), None))
            assert "broken" in caplog.text
        await eventually(lambda: assignments.complaint)
    assert caplog.text.count("everything goes on as it is") == 1

    successor, host = made(good)
    assert host.assigned == [(more,)]
    assert successor.complaint == ""


def test_what_another_version_wrote_is_skipped(good: LastGood, caplog: pytest.LogCaptureFixture) -> None:
    good.keep([framed(WORKLOAD, "old", b"{}"), workload(WEB)])
    _, host = made(good)
    assert host.assigned == [(WEB,)]
    assert "old" in caplog.text

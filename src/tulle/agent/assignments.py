"""What the plane wants this host to run: the agent's own xDS stream. Remembered, for the agent that comes next."""

from __future__ import annotations

import logging
from typing import TypeVar

from tulle.agent.gateway import Gateway
from tulle.agent.last_good import LastGood
from tulle.kit.codec import Undecodable, decode
from tulle.model.workloads import Assignment, GatewayAssignment
from tulle.runtime.supervisor import Supervisor
from tulle.xds.client import Backoff, Upstream, follow
from tulle.xds.messages import Node
from tulle.xds.replica import Delta, Replica
from tulle.xds.snapshot import GATEWAY, WORKLOAD

log = logging.getLogger(__name__)

BACKOFF = Backoff(first=0.1, longest=2.0)
KINDS: dict[str, type[Assignment] | type[GatewayAssignment]] = {WORKLOAD: Assignment, GATEWAY: GatewayAssignment}

Kind = TypeVar("Kind")


class Assignments:
    """Follows the plane and hands on what it says."""

    def __init__(self, node: Node, good: LastGood, supervisor: Supervisor, gateway: Gateway) -> None:
        self.complaint = ""
        """Why the plane cannot be reached, in a sentence."""
        self._good = good
        self._supervisor = supervisor
        self._gateway = gateway
        self._replica = Replica(node, wildcard=(WORKLOAD, GATEWAY))
        known = good.resources()
        self._replica.restore(known)
        for type_url in {resource.type_url for resource in known}:
            self._hand_on(type_url)

    async def run(self, upstream: Upstream) -> None:
        """Follow the plane for ever."""
        await follow(self._replica, self, upstream, BACKOFF)

    def connected(self) -> None:
        """The plane answered."""
        log.info("the control plane is there")
        self.complaint = ""

    def disconnected(self, reason: str) -> None:
        """The plane is away; everything goes on as it is."""
        if not self.complaint:
            log.warning("the control plane is away, everything goes on as it is: %s", reason)
        self.complaint = reason

    def received(self, delta: Delta) -> None:
        """Other things are to be run from now on."""
        reasons = {}
        for name, resource in delta.changed.items():
            try:
                decode(KINDS[delta.type_url], resource.body)
            except Undecodable as error:
                reasons[name] = str(error)
        if reasons:
            log.error("assignments that cannot be read were refused: %s", reasons)
            self._replica.nack(delta, reasons)
        else:
            self._replica.ack(delta)
        readable = [resource for name, resource in delta.changed.items() if name not in reasons]
        self._good.keep(readable, [(delta.type_url, name) for name in delta.removed])
        self._hand_on(delta.type_url)

    def _hand_on(self, type_url: str) -> None:
        if type_url == WORKLOAD:
            self._supervisor.assign(self._decoded(WORKLOAD, Assignment))
        elif type_url == GATEWAY:
            self._gateway.assign(next(iter(self._decoded(GATEWAY, GatewayAssignment)), None))

    def _decoded(self, type_url: str, kind: type[Kind]) -> tuple[Kind, ...]:
        found = []
        for resource in self._replica.table(type_url).values():
            try:
                found.append(decode(kind, resource.body))
            except Undecodable as error:
                # From the disk: written by another version of this program. The plane sends it again.
                log.warning("%s: %s", resource.name, error)
        return tuple(found)

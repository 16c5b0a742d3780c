"""The supply line of one proxy: a stream of its own to the plane, its feed, the keys of this host, its Envoy's stream.

Owns no process and no certificate; those are handed in.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import grpc

from tulle.agent import secrets
from tulle.agent.certificate_files import CertificateFiles
from tulle.agent.feed import FROM_PLANE, Feed
from tulle.agent.last_good import LastGood
from tulle.agent.material import Material
from tulle.envoy import naming
from tulle.identity.spiffe import PLANE_HOST
from tulle.kit.clock import Clock
from tulle.xds.client import Backoff, Upstream, follow
from tulle.xds.messages import Node
from tulle.xds.replica import Delta, Replica
from tulle.xds.snapshot import CLUSTER, LISTENER, SECRET, VIRTUAL_HOST, Resource
from tulle.xds.subscription import Session

log = logging.getLogger(__name__)

PATIENCE_AWAY, PATIENCE_HERE = 2.0, 10.0
"""Seconds that a request for an unknown host waits: while the plane is away, and while it is there but says nothing."""
AWAY = "the control plane is away, and this proxy has never called this host before; try again"
SILENT = "the control plane did not say in time where this host is; try again"
RETRY = 10.0
"""Seconds after which a refused listener is tried again: whoever had its port may be gone."""
BACKOFF = Backoff(first=0.1, longest=2.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plane:
    """Where the control plane is."""

    address: str
    """`host:port`."""

    def upstream(self, material: Callable[[], Material]) -> Upstream:
        """How to reach it; asked for the certificate at each connection."""

        def credentials() -> grpc.ChannelCredentials:
            newest = material()
            return grpc.ssl_channel_credentials(newest.trust, newest.key, newest.chain)

        return Upstream(address=self.address, credentials=credentials, server_name=PLANE_HOST)


class Supply:
    """A follower of the plane and, for one Envoy, what the relay asks."""

    def __init__(self, node: Node, good: LastGood, clock: Clock, files: CertificateFiles | None = None) -> None:
        self.feed = Feed(good)
        self.is_connected = False
        """Whether the plane answers."""
        self.complaint = ""
        """Why it does not, in a sentence."""
        self._good = good
        self._clock = clock
        self._files = files
        self._retry_at = 0.0
        self._own: dict[str, Resource] = {}
        self.feed.restore()
        if files is not None:
            files.used_by(lambda: self.feed.users_of_secrets)
        self._replica = Replica(node, wildcard=FROM_PLANE)
        self._replica.restore(self.feed.accepted)
        self._replica.subscribe(VIRTUAL_HOST, self.feed.demand)

    async def run(self, upstream: Upstream) -> None:
        """Follow the plane for ever."""
        await follow(self._replica, self, upstream, BACKOFF)

    def describe(self, node: Node) -> None:
        """Say something else about the proxy, from the next connection on."""
        self._replica.node = node

    def keys(self, material: Material) -> None:
        """Hand a certificate to Envoy; connections that exist live on."""
        self._own = {
            naming.WORKLOAD_SECRET: secrets.certificate(naming.WORKLOAD_SECRET, material.chain, material.key),
            naming.TRUST_SECRET: secrets.authorities(naming.TRUST_SECRET, material.trust),
        }
        self.files_changed()

    def files_changed(self) -> None:
        """Certificates in files changed."""
        self.feed.keys({**self._own, **(self._files.table if self._files else {})})

    def tick(self) -> None:
        """Time passed: see to whoever waits."""
        now = self._clock.monotonic()
        if self.is_connected:
            self.feed.stand_in(now, PATIENCE_HERE, SILENT)
        else:
            self.feed.stand_in(now, PATIENCE_AWAY, AWAY)
        if now >= self._retry_at:
            self._retry_at = now + RETRY
            self._retry()
        self._answer()

    @property
    def refused(self) -> Mapping[tuple[str, str], str]:
        """What Envoy refused and why, by type and name."""
        return self.feed.refused

    def close(self) -> None:
        """Let go of the files."""
        self._good.close()

    # The plane ----------------------------------------------------------------------------------------------------

    def connected(self) -> None:
        """The plane answered on a new stream."""
        self.is_connected, self.complaint = True, ""

    def disconnected(self, reason: str) -> None:
        """The stream to the plane ended; it is opened again."""
        self.is_connected, self.complaint = False, reason
        self.feed.plane_left()

    def received(self, delta: Delta) -> None:
        """The plane sent something."""
        self.feed.received(delta)
        if delta.type_url in {CLUSTER, LISTENER} and self._files is not None:
            self._files.users_changed()
        self._answer()

    # Envoy --------------------------------------------------------------------------------------------------------

    def opened(self, session: Session) -> None:
        """Envoy opened its stream."""
        self.feed.envoy_connected(session)

    def closed(self, session: Session) -> None:
        """Its stream ended."""
        self.feed.envoy_left(session)

    def wanted(self, session: Session, type_url: str, names: frozenset[str]) -> None:
        """Envoy asks for exactly these by name."""
        if session is not self.feed.session:
            return
        if self.feed.envoy_wants(type_url, names, self._clock.monotonic()):
            self._replica.subscribe(VIRTUAL_HOST, self.feed.demand)
        if type_url == SECRET and self._files is not None:
            self._files.want(names)

    def settled(self, session: Session) -> None:
        """Envoy accepted or refused something."""
        if session is self.feed.session:
            self.feed.envoy_settled()
            self._answer()

    def _answer(self) -> None:
        for verdict in self.feed.verdicts():
            if verdict.refusals:
                self._replica.nack(verdict.delta, verdict.refusals)
            else:
                self._replica.ack(verdict.delta)

    def _retry(self) -> None:
        """Have refused listeners sent again."""
        names = {name for type_url, name in self.feed.refused if type_url == LISTENER}
        if names <= self._replica.subscriptions.get(LISTENER, frozenset()):
            self._replica.again(LISTENER, names)
        else:
            self._replica.subscribe(LISTENER, names)

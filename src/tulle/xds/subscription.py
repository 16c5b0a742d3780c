"""The server's side of one delta ADS stream, without I/O: requests go in, responses come out when there is room.

Nothing queues up: a response is worked out when it is about to be written, from the newest snapshot. So a slow client
costs no more memory than a fast one, and gets the newest state when it is ready for it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Protocol

from tulle.xds.channel import Channel, Flight, Refusal
from tulle.xds.messages import Node, Request, acknowledgement, frame_response, parse_request
from tulle.xds.snapshot import (
    CLUSTER,
    DELIVERY_ORDER,
    ENDPOINT,
    EXTENSION,
    LISTENER,
    ROUTE,
    SECRET,
    VIRTUAL_HOST,
    Resource,
    Snapshot,
    Table,
)

log = logging.getLogger(__name__)

USES_CLUSTERS = frozenset((EXTENSION, LISTENER, ROUTE, VIRTUAL_HOST))
"""Make before break: these wait for new clusters and their endpoints."""
USED = frozenset((SECRET, CLUSTER, ENDPOINT))
"""Make before break: removals of these wait for the types above."""


class Refused(Exception):
    """Raised by `Provider.opened`: this client may not have a stream. The message is sent to it."""


class Provider(Protocol):
    """Who knows what each proxy should have. Called synchronously; must return quickly."""

    def opened(self, session: Session) -> None:
        """A client introduced itself. Publish to the session now or later; raise `Refused` to send it away.

        `session.wanted` has the names of its first request already: a replica states its demand (virtual hosts) first.
        """
        ...

    def closed(self, session: Session) -> None:
        """The stream of a session that was `opened` has ended."""
        ...

    def wanted(self, session: Session, type_url: str, names: frozenset[str]) -> None:
        """Its explicit subscriptions of a type are now exactly these."""
        ...

    def settled(self, session: Session) -> None:
        """An answer of the client left nothing to do for a type, or changed what is refused."""
        ...


class Session:
    """One connected stream, as the owner of snapshots sees it (`publish` and what can be asked), and its transport.

    The transport hands in what arrives (`receive`), and calls `next_response` whenever it can write one, after `wake`
    was called.
    """

    __slots__ = (
        "_awaited",
        "_channels",
        "_last_nonce",
        "_ordered",
        "_routes",
        "_snapshot",
        "identity",
        "is_open",
        "is_resuming",
        "node",
        "provider",
        "wake",
    )

    def __init__(self, provider: Provider, identity: str | None = None, wake: Callable[[], None] | None = None) -> None:
        self.provider = provider
        self.identity = identity
        """SPIFFE URI of the peer's certificate; None on a Unix socket."""
        self.wake = wake if wake is not None else _nothing
        self.node: Node | None = None
        self.is_open = False
        """The provider took it: it was `opened`, and is to be told when it is closed."""
        self.is_resuming = False
        """The client has something from an earlier stream, and may not have said all of it and all of its demand yet.
        Nothing is removed from it until `resumed`."""
        self._snapshot: Snapshot | None = None
        self._channels: dict[str, Channel] = {}
        """Types that the client asked for."""
        self._ordered: tuple[Channel, ...] = ()
        """The same, in the order of delivery."""
        self._routes: Channel | None = None
        """Route configurations: virtual hosts wait for them even if the client did not ask for them yet."""
        self._awaited: set[str] = set()
        """Load assignments of new clusters that the client has not accepted yet."""
        self._last_nonce = 0

    @property
    def node_id(self) -> str:
        """What the client calls itself."""
        return self.node.id if self.node is not None else ""

    @property
    def metadata(self) -> Mapping[str, object]:
        """What the client says about itself."""
        return self.node.metadata if self.node is not None else {}

    @property
    def snapshot(self) -> Snapshot | None:
        """What was last published to it."""
        return self._snapshot

    @property
    def is_synced(self) -> bool:
        """The client accepted everything that it should have of the types that it asked for."""
        if self._snapshot is None or self.is_resuming:
            return False
        return all(channel.is_synced for channel in self._channels.values())

    def asks_for(self, type_url: str) -> bool:
        """The client wants resources of this type, or has wanted some."""
        return type_url in self._channels

    @property
    def response_count(self) -> int:
        """Responses sent so far."""
        return self._last_nonce

    def is_settled(self, type_url: str) -> bool:
        """Of this type nothing is left to send and every response was answered, be it with a refusal."""
        channel = self._channels.get(type_url)
        return channel is None or channel.is_settled

    @property
    def accepted(self) -> Mapping[str, Mapping[str, str]]:
        """What the client has: type → name → version. Live views, not to be kept."""
        return {type_url: channel.held for type_url, channel in self._channels.items()}

    @property
    def refused(self) -> Mapping[tuple[str, str], Refusal]:
        """What the client should have and refused, by type and name."""
        return {
            (type_url, name): refusal
            for type_url, channel in self._channels.items()
            for name, refusal in channel.refused.items()
        }

    @property
    def wanted(self) -> Mapping[str, frozenset[str]]:
        """Explicit subscriptions by type, for the types that the client asked for."""
        return {type_url: frozenset(channel.names) for type_url, channel in self._channels.items()}

    def publish(self, snapshot: Snapshot, changed: Mapping[str, Collection[str]] | None = None) -> None:
        """Say what this proxy should have now. Never blocks; only the newest state counts.

        `changed` names, per type, everything that may differ from what was published last; without it all is compared.
        """
        previous, self._snapshot = self._snapshot, snapshot
        for channel in self._ordered:
            channel.table = snapshot.table(channel.type_url)
        if self._routes is not None:
            self._routes.table = snapshot.table(ROUTE)
        for channel in self._ordered:
            if previous is None:
                self._mark(channel, {**channel.held, **channel.table}, {})
            elif changed is None:
                old = previous.table(channel.type_url)
                self._mark(channel, _differing(old, channel.table), old)
            elif channel.type_url in changed:
                self._mark(channel, changed[channel.type_url], previous.table(channel.type_url))
        self._wake_for_work()

    def _wake_for_work(self) -> None:
        for channel in self._ordered:
            if channel.has_work:
                self.wake()
                return

    def _mark(self, channel: Channel, names: Iterable[str], old: Table) -> None:
        for name in names:
            channel.mark(name)
            if channel.type_url == CLUSTER:
                self._await_endpoints(channel, name, old.get(name))
            elif channel.type_url == ROUTE and name not in channel.table:
                self._release(name)

    def _await_endpoints(self, clusters: Channel, name: str, old: Resource | None) -> None:
        """A cluster that is new to the client is of no use, and must not be routed to, before its endpoints came."""
        target = clusters.table.get(name)
        if old is not None and (target is None or target.endpoints_name != old.endpoints_name):
            self._awaited.discard(old.endpoints_name)
        if target is None or not target.endpoints_name or not clusters.covers(target) or name in clusters.refused:
            return
        endpoints = self._channels.get(ENDPOINT)
        if name not in clusters.held or endpoints is None or target.endpoints_name not in endpoints.held:
            self._awaited.add(target.endpoints_name)

    def _release(self, owner: str) -> None:
        hosts = self._channels.get(VIRTUAL_HOST)
        if hosts is not None:
            hosts.release(owner)

    def receive(self, data: bytes) -> None:
        """Take in one request.

        Raises:
            Refused: the provider does not want this client.
            google.protobuf.message.DecodeError: this is not a request.
        """
        for channel in self._ordered:
            flight = channel.flight
            if flight is not None and data == acknowledgement(channel.type_url, flight.nonce):
                self._acknowledged(channel)
                return
        self._take_in(parse_request(data))

    def _acknowledged(self, channel: Channel) -> None:
        """Nearly every request is a plain acknowledgement; it is not worth a parser."""
        self._accepted(channel, channel.accept())
        if channel.is_settled:
            self.provider.settled(self)
        self._wake_for_work()

    def _take_in(self, request: Request) -> None:
        channel = self._channels.get(request.type_url)
        has_answered = False
        if channel is None:
            channel = self._open(request)
            has_new_wishes = bool(channel.names)
        else:
            has_answered = bool(request.nonce) and self._answer(channel, request)
            has_new_wishes = bool(request.subscribe or request.unsubscribe) and self._resubscribe(channel, request)
        if self.node is None:
            self.node = request.node or Node("")
            self.provider.opened(self)
            self.is_open = True
        if has_new_wishes:
            self.provider.wanted(self, request.type_url, frozenset(channel.names))
        if has_answered and (request.error is not None or channel.is_settled):
            self.provider.settled(self)
        self._wake_for_work()

    def _open(self, request: Request) -> Channel:
        channel = self._channels[request.type_url] = self._channel(request.type_url)
        known = (self._channels.get(type_url) for type_url in DELIVERY_ORDER)
        self._ordered = tuple(each for each in known if each is not None)
        if self._snapshot is not None:
            channel.table = self._snapshot.table(request.type_url)
        channel.open(request.subscribe, request.initial_versions)
        self.is_resuming = self.is_resuming or bool(request.initial_versions)
        if request.type_url == CLUSTER:
            self._mark(channel, channel.table, {})
        elif request.type_url == ENDPOINT:
            self._awaited.difference_update(channel.held)
        elif channel is self._routes or channel.parent is not None:
            self._distrust()
        return channel

    def _distrust(self) -> None:
        """Envoy names virtual hosts that it once received even if it lost them with their route configuration."""
        hosts = self._channels.get(VIRTUAL_HOST)
        if hosts is not None and self._routes is not None and ROUTE in self._channels:
            for name in self._routes.names.difference(self._routes.held):
                hosts.forget(name)
            for name in self._routes.held:
                hosts.release(name)

    def _channel(self, type_url: str) -> Channel:
        if type_url not in {ROUTE, VIRTUAL_HOST}:
            return Channel(type_url)
        if self._routes is None:
            self._routes = Channel(ROUTE)
            self._routes.table = self._snapshot.table(ROUTE) if self._snapshot is not None else {}
        return self._routes if type_url == ROUTE else Channel(VIRTUAL_HOST, self._routes)

    def _resubscribe(self, channel: Channel, request: Request) -> bool:
        before = frozenset(channel.names)
        channel.unsubscribe(request.unsubscribe)
        channel.subscribe(request.subscribe)
        hosts = self._channels.get(VIRTUAL_HOST)
        if channel.type_url == ROUTE and hosts is not None:
            for name in request.subscribe:
                channel.held.pop(name, None)
                channel.mark(name)
                hosts.forget(name)
        return channel.names != before

    def _answer(self, channel: Channel, request: Request) -> bool:
        if channel.flight is None or channel.flight.nonce != request.nonce:
            return False  # The answer to something older.
        if request.error is None:
            self._accepted(channel, channel.accept())
        else:
            self._rejected(channel, channel.reject(request.error, request.refusals))
        return True

    def _accepted(self, channel: Channel, flight: Flight) -> None:
        if channel.type_url == ENDPOINT:
            self._awaited.difference_update(name for name in flight.sent if not channel.is_forced(name))
        elif channel.type_url == ROUTE:
            for name in flight.sent:
                self._release(name)

    def _rejected(self, channel: Channel, flight: Flight) -> None:
        refused = [resource for name, resource in flight.sent.items() if name in channel.refused]
        for resource in refused:
            reason = channel.refused[resource.name].reason
            log.warning("%s refused %s %s: %s", self.node_id, _short(channel.type_url), resource.name, reason)
        if channel.type_url == ENDPOINT:
            self._awaited.difference_update(resource.name for resource in refused)
        elif channel.type_url == CLUSTER:
            self._awaited.difference_update(resource.endpoints_name for resource in refused)

    def resumed(self) -> None:
        """A client that came back has had the time to ask for everything that it asked for on its earlier stream."""
        self.is_resuming = False
        self.provider.settled(self)
        self.wake()

    def next_response(self) -> bytes | None:
        """The response to write now, or None: nothing to say, or the client has to answer first."""
        if self._snapshot is None:
            return None
        for channel in self._ordered:
            if channel.flight is not None or not channel.has_work:
                continue
            type_url = channel.type_url
            if not channel.has_greeted and type_url in self._snapshot.unknown:
                continue
            flight = channel.take(
                f"{self._last_nonce + 1:x}",
                with_changes=type_url not in USES_CLUSTERS or self._has_made(),
                with_removals=bool(channel.removals) and self._may_remove(type_url),
            )
            if flight is None:
                continue
            self._last_nonce += 1
            if type_url == CLUSTER:
                self._sent_clusters(flight)
            return frame_response(type_url, flight.nonce, flight.sent.values(), flight.removed)
        return None

    def _sent_clusters(self, flight: Flight) -> None:
        """Envoy waits for the endpoints of a changed cluster too, without asking for them again."""
        endpoints = self._channels.get(ENDPOINT)
        if endpoints is not None:
            for resource in flight.sent.values():
                if resource.endpoints_name in endpoints.names:
                    endpoints.force(resource.endpoints_name)

    def _has_made(self) -> bool:
        """The client has all clusters, and the endpoints of the new ones."""
        clusters = self._channels.get(CLUSTER)
        if clusters is None:
            return True
        is_in_flight = clusters.flight is not None and bool(clusters.flight.sent)
        return not (clusters.changes or is_in_flight or self._awaited)

    def _may_remove(self, type_url: str) -> bool:
        """Nothing that the client holds may still use what was removed."""
        if self.is_resuming or type_url not in USED:
            return not self.is_resuming
        if type_url == ENDPOINT and not self.is_settled(CLUSTER):
            return False
        users = (self._channels.get(user) for user in USES_CLUSTERS)
        return all(user is None or (user.is_settled and not user.has_kept_old) for user in users)


def _differing(old: Table, new: Table) -> list[str]:
    """Names whose resource is another one."""
    if old is new:
        return []
    names = [name for name, resource in new.items() if old.get(name) is not resource]
    names.extend(name for name in old if name not in new)
    return names


def _short(type_url: str) -> str:
    return type_url.rpartition(".")[2]


def _nothing() -> None:
    pass

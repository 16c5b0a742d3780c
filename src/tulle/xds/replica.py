"""The client's side of one delta ADS stream, without I/O: a copy of what a server publishes, kept over reconnects.

An answer to a response is given when its owner says so (`ack`, `nack`): a relay answers after its own client did.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from tulle.xds.messages import WILDCARD, Node, Request, frame_request, parse_response
from tulle.xds.snapshot import CLUSTER, DELIVERY_ORDER, VIRTUAL_HOST, Resource, Snapshot, Table

FIRST = (VIRTUAL_HOST, CLUSTER)
"""Types to ask for first: the names of virtual hosts are the demand by which the server decides about the rest."""


@dataclass(frozen=True, slots=True, eq=False)
class Delta:
    """One response, already applied to the tables of the replica and still to be answered."""

    type_url: str
    nonce: str
    changed: Mapping[str, Resource]
    removed: tuple[str, ...]
    before: Mapping[str, Resource]
    """What the replica had of the names in `changed` and `removed`."""

    @property
    def names(self) -> tuple[str, ...]:
        """Every name that may differ now."""
        return (*self.changed, *self.removed)


class Replica:
    """A copy of the resources of one server. The transport writes `next_request` whenever `wake` was called."""

    def __init__(self, node: Node, *, wildcard: Collection[str] = (), wake: Callable[[], None] | None = None) -> None:
        self.node = node
        self.wildcard = frozenset(wildcard)
        """Types of which everything is wanted."""
        self.wake: Callable[[], None] = wake if wake is not None else _nothing
        self._tables: dict[str, dict[str, Resource]] = {type_url: {} for type_url in self.wildcard}
        self._names: dict[str, frozenset[str]] = {type_url: frozenset() for type_url in self.wildcard}
        self._asked: dict[str, frozenset[str]] = {}
        """Names that the server of this stream knows we want; a type that is not in here was not asked for yet."""
        self._unanswered: dict[str, Delta] = {}
        self._unsure: set[tuple[str, str]] = set()
        """What a lost stream brought and we never answered, by type and name: to be sent again."""
        self._requests: deque[Request] = deque()
        self._is_connected = False

    @property
    def is_connected(self) -> bool:
        """Whether there is a stream."""
        return self._is_connected

    @property
    def unanswered(self) -> tuple[Delta, ...]:
        """Responses that were neither acked nor nacked, at most one per type."""
        return tuple(self._unanswered.values())

    @property
    def subscriptions(self) -> Mapping[str, frozenset[str]]:
        """Explicitly wanted names by type."""
        return dict(self._names)

    def table(self, type_url: str) -> Table:
        """The resources of one type. A live view."""
        return self._tables.get(type_url, {})

    def snapshot(self) -> Snapshot:
        """Everything as it is now; later changes do not show in it."""
        return Snapshot({type_url: dict(table) for type_url, table in self._tables.items()})

    def restore(self, resources: Collection[Resource]) -> None:
        """Start with what an earlier replica had, before the first `connected`."""
        for resource in resources:
            self._tables.setdefault(resource.type_url, {})[resource.name] = resource

    def subscribe(self, type_url: str, names: Collection[str]) -> None:
        """The explicitly wanted names of a type are now exactly these. What is no longer wanted is dropped."""
        wanted = frozenset(names) - {WILDCARD}
        if self._names.get(type_url) == wanted:
            return
        self._names[type_url] = wanted
        if type_url not in self.wildcard:
            table = self._tables.setdefault(type_url, {})
            for resource in [resource for resource in table.values() if not self._wants(resource)]:
                del table[resource.name]
        if self._is_connected:
            self._ask(type_url)
            self.wake()

    def again(self, type_url: str, names: Collection[str]) -> None:
        """Ask once more for names that are subscribed already; the server sends them in any case."""
        known = tuple(sorted(self._names.get(type_url, frozenset()).intersection(names)))
        if known and self._is_connected:
            self._requests.append(Request(type_url, subscribe=known))
            self.wake()

    def connected(self) -> None:
        """A new stream: introduce ourselves and say what we have."""
        self.disconnected()
        self._is_connected = True
        order = sorted(self._names, key=_rank)
        for type_url in order:
            self._ask(type_url)
        self.wake()

    def disconnected(self) -> None:
        """The stream is gone. Everything stays; what was not answered will come again, to be answered then."""
        self._is_connected = False
        for delta in self._unanswered.values():
            self._unsure.update((delta.type_url, name) for name in delta.changed)
        self._asked.clear()
        self._requests.clear()
        self._unanswered.clear()

    def _ask(self, type_url: str) -> None:
        wanted, asked = self._names[type_url], self._asked.get(type_url)
        node = None if self._asked else self.node
        self._asked[type_url] = wanted
        if asked is None:
            names = (WILDCARD, *sorted(wanted)) if type_url in self.wildcard else tuple(sorted(wanted))
            self._requests.append(Request(type_url, node, names, initial_versions=self._versions(type_url)))
        else:
            more, fewer = tuple(sorted(wanted - asked)), tuple(sorted(asked - wanted))
            self._requests.append(Request(type_url, node, more, fewer))

    def _versions(self, type_url: str) -> dict[str, str]:
        """What we have; of what we are not sure, a version that no server has."""
        unsure = self._unsure
        return {
            name: "" if (type_url, name) in unsure else resource.version
            for name, resource in self.table(type_url).items()
        }

    def receive(self, data: bytes) -> Delta:
        """Apply one response. It stays unanswered until `ack` or `nack`.

        Raises:
            google.protobuf.message.DecodeError: this is not a response.
        """
        response = parse_response(data)
        table = self._tables.setdefault(response.type_url, {})
        changed = {resource.name: resource for resource in response.resources if self._wants(resource)}
        before = {name: table[name] for name in (*changed, *response.removed) if name in table}
        table.update(changed)
        for name in response.removed:
            table.pop(name, None)
        self._unsure.difference_update((response.type_url, name) for name in changed)
        delta = Delta(response.type_url, response.nonce, changed, response.removed, before)
        self._unanswered[response.type_url] = delta
        return delta

    def _wants(self, resource: Resource) -> bool:
        """False for what was under way when it was unsubscribed."""
        if resource.type_url in self.wildcard:
            return True
        return not self._names.get(resource.type_url, frozenset()).isdisjoint((resource.name, *resource.aliases))

    def ack(self, delta: Delta) -> None:
        """All of it is in use. Does nothing if the stream of the response is gone."""
        self._answer(delta, Request(delta.type_url, nonce=delta.nonce))

    def nack(self, delta: Delta, reasons: Mapping[str, str]) -> None:
        """These resources of it were refused, for these reasons; everything else of it is in use.

        The refused ones go back to what they were before, if there was something.
        """
        if self._unanswered.get(delta.type_url) is not delta:
            return
        table = self._tables[delta.type_url]
        for name in reasons:
            if name in delta.before:
                table[name] = delta.before[name]
            else:
                table.pop(name, None)
        message = "; ".join(f"{name}: {reason}" for name, reason in reasons.items())
        self._answer(delta, Request(delta.type_url, nonce=delta.nonce, error=message, refusals=reasons))

    def _answer(self, delta: Delta, request: Request) -> None:
        if self._unanswered.get(delta.type_url) is not delta:
            return
        del self._unanswered[delta.type_url]
        self._requests.append(request)
        self.wake()

    def next_request(self) -> bytes | None:
        """The request to write now, or None."""
        return frame_request(self._requests.popleft()) if self._requests else None


def _rank(type_url: str) -> tuple[int, str]:
    order = (*FIRST, *(known for known in DELIVERY_ORDER if known not in FIRST))
    return (order.index(type_url) if type_url in order else len(order), type_url)


def _nothing() -> None:
    pass

"""What one stream wants, has and refused of one type: the state of a delta subscription. Knows no other type."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tulle.xds.messages import WILDCARD
from tulle.xds.snapshot import CLUSTER, EXTENSION, GATEWAY, LISTENER, VIRTUAL_HOST, WORKLOAD, Resource, Table

RESPONSE_LIMIT = 3_000_000
"""Bytes of resources in one response; larger sets go out in several (gRPC's default message limit is 4 MiB)."""
WITHOUT_NAMES = frozenset((CLUSTER, LISTENER, VIRTUAL_HOST, GATEWAY, WORKLOAD))
"""Types of which a first request without names means all of them (Envoy asks for CDS, LDS and VHDS like that)."""
CONFLICTING = frozenset((LISTENER, VIRTUAL_HOST))
"""Types whose resources can be refused because of each other (addresses, domains): worth another try later."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A version of a resource that the client refused, in its words."""

    version: str
    message: str

    @property
    def reason(self) -> str:
        """The heart of the message, in one line: without Envoy's dump of the whole resource."""
        text = " ".join(re.sub(r"goo\.gle/debug\w+", "", self.message).split())
        _, failed, details = text.rpartition("Proto constraint validation failed (")
        if failed:
            text = details.removesuffix(")").rpartition("caused by ")[2].replace("ValidationError.", ".")
        return text


@dataclass(frozen=True, slots=True)
class Flight:
    """A response that was sent and not yet answered."""

    nonce: str
    sent: Mapping[str, Resource]
    removed: tuple[str, ...]


class Channel:
    """One type on one stream. At most one response is in flight; what is to be sent is worked out when it is sent."""

    __slots__ = (
        "_forced",
        "_suspects",
        "_waiting",
        "changes",
        "flight",
        "has_greeted",
        "held",
        "is_wildcard",
        "names",
        "parent",
        "refused",
        "removals",
        "table",
        "type_url",
    )

    def __init__(self, type_url: str, parent: Channel | None = None) -> None:
        self.type_url = type_url
        self.parent = parent
        """For virtual hosts: the channel of the route configurations that they belong to."""
        self.is_wildcard = False
        self.names: set[str] = set()
        """Explicit subscriptions: names and aliases."""
        self.table: Table = {}
        """What the client should have of what it wants."""
        self.held: dict[str, str] = {}
        """What the client accepted: name → version."""
        self.refused: dict[str, Refusal] = {}
        self.changes: dict[str, None] = {}
        """Names to be sent, in order."""
        self.removals: dict[str, None] = {}
        """Names to be removed, in order."""
        self.flight: Flight | None = None
        self.has_greeted = True
        """False: an answer is owed, be it empty. Envoy waits for a first CDS and LDS response before it goes on."""
        self._forced: dict[str, None] = {}
        """Names to be sent even though the client has this version: it asked again."""
        self._waiting: dict[str, dict[str, None]] = {}
        """Virtual hosts whose route configuration the client does not have yet, by that."""
        self._suspects: list[tuple[str, ...]] = []
        """Groups to be sent each in a response of its own, to find out which resource is refused."""

    @property
    def is_settled(self) -> bool:
        """Nothing is to be sent and nothing awaits its answer. Refused resources are settled, if not well."""
        return not (self.flight or self.has_work or self._is_waiting())

    @property
    def has_work(self) -> bool:
        """Something is to be sent."""
        return bool(self.changes or self.removals) or not self.has_greeted

    @property
    def is_synced(self) -> bool:
        """The client accepted everything that it should have."""
        return self.is_settled and not self.refused

    @property
    def has_kept_old(self) -> bool:
        """The client goes on with an older version of something, because it refused the newer one."""
        return any(name in self.held for name in self.refused)

    def _is_waiting(self) -> bool:
        """Something waits for a route configuration that the client wants and did not refuse."""
        routes = self.parent
        return routes is not None and any(n in routes.names and n not in routes.refused for n in self._waiting)

    def expected(self, name: str) -> str | None:
        """The version that the client has once it accepted what is in flight."""
        if self.flight is not None:
            if name in self.flight.sent:
                return self.flight.sent[name].version
            if name in self.flight.removed:
                return None
        return self.held.get(name)

    def covers(self, resource: Resource) -> bool:
        """Whether the client wants to have it."""
        names = self.names
        return self.is_wildcard or resource.name in names or any(alias in names for alias in resource.aliases)

    def mark(self, name: str) -> None:
        """Work out anew what is to be done about one resource."""
        self.changes.pop(name, None)
        self.removals.pop(name, None)
        if self._waiting:
            self._wait_no_more(name)
        target = self.table.get(name)
        if target is None or not self.covers(target):
            self._forced.pop(name, None)
            self.refused.pop(name, None)
            if self.expected(name) is not None and not self._is_kept(name):
                self.removals[name] = None
            return
        refusal = self.refused.get(name)
        if refusal is not None and refusal.version != target.version:
            del self.refused[name]
            refusal = None
        if name in self._forced or (refusal is None and self.expected(name) != target.version):
            owner = self._missing_owner(name)
            (self.changes if owner is None else self._waiting.setdefault(owner, {}))[name] = None

    def _is_kept(self, name: str) -> bool:
        """A client uses a filter as long as it asks for it: on connections that are older than its newest listener."""
        return self.type_url == EXTENSION and name in self.names

    def mark_all(self) -> None:
        """Work out anew what is to be done about every resource that the client has or should have."""
        sent = self.flight.sent if self.flight is not None else {}
        for name in {**self.held, **sent, **self.table}:
            self.mark(name)

    def force(self, name: str) -> None:
        """Send a resource (or the one with this alias) once more, whatever version the client has."""
        for known in self._named(name):
            self._forced[known] = None
            self.mark(known)

    def is_forced(self, name: str) -> bool:
        """Whether it is still to be sent once more."""
        return name in self._forced

    def _named(self, name: str) -> list[str]:
        if name in self.table:
            return [name]
        if self.type_url != VIRTUAL_HOST:
            return []  # Nothing else has aliases.
        return [resource.name for resource in self.table.values() if name in resource.aliases]

    def _missing_owner(self, name: str) -> str | None:
        """The route configuration without which the client would ignore this virtual host."""
        if self.parent is None:
            return None
        owner = name.rpartition("/")[0]
        return owner if owner in self.parent.table and owner not in self.parent.held else None

    def _wait_no_more(self, name: str) -> None:
        owner = name.rpartition("/")[0]
        waiting = self._waiting.get(owner)
        if waiting is not None:
            waiting.pop(name, None)
            if not waiting:
                del self._waiting[owner]

    def release(self, owner: str) -> None:
        """The route configuration is there now, or no longer to come."""
        for name in self._waiting.pop(owner, {}):
            self.mark(name)

    def forget(self, owner: str) -> None:
        """The client starts anew with a route configuration: it has none of its virtual hosts any more."""
        if self.flight is not None:
            self._forced |= {name: None for name in self.flight.sent if name.rpartition("/")[0] == owner}
        for name in [name for name in (*self.held, *self._forced) if name.rpartition("/")[0] == owner]:
            self.held.pop(name, None)
            self.mark(name)

    def open(self, subscribe: Iterable[str], initial_versions: Mapping[str, str]) -> None:
        """The first request for this type."""
        self.names = set(subscribe)
        self.is_wildcard = WILDCARD in self.names or (not self.names and self.type_url in WITHOUT_NAMES)
        self.names.discard(WILDCARD)
        self.held = dict(initial_versions)
        self.has_greeted = not self.is_wildcard or bool(self.held) or self.parent is not None
        self.mark_all()

    def subscribe(self, names: Iterable[str]) -> None:
        """More names. Whoever asks for a name again is sent it again (xDS: a subscription is always answered)."""
        for name in names:
            if name == WILDCARD:
                self.is_wildcard = True
                self.mark_all()
            else:
                self.names.add(name)
                self.force(name)

    def unsubscribe(self, names: Iterable[str]) -> None:
        """Fewer names. The client drops what it no longer wants by itself."""
        for name in names:
            if name == WILDCARD:
                self.is_wildcard = False
            self.names.discard(name)
            for known in list(self.table) if name == WILDCARD else self._named(name) or [name]:
                target = self.table.get(known)
                if target is None or not self.covers(target):
                    self.held.pop(known, None)
                self.mark(known)

    def take(self, nonce: str, *, with_changes: bool, with_removals: bool) -> Flight | None:
        """The next response, if there is something to say."""
        names = self._batch() if with_changes and self.changes else []
        removed = tuple(self.removals) if with_removals else ()
        if not names and not removed and (self.has_greeted or not with_changes):
            return None
        self.has_greeted = True
        table = self.table
        sent = {name: table[name] for name in names}
        if len(names) == len(self.changes):
            self.changes = {}  # One that was emptied would keep its room.
        else:
            for name in names:
                del self.changes[name]
        if self._forced:
            for name in names:
                self._forced.pop(name, None)
        if removed:
            self.removals.clear()
        self.flight = Flight(nonce, sent, removed)
        return self.flight

    def _batch(self) -> list[str]:
        names: Iterable[str] = self.changes
        while self._suspects:
            group = [name for name in self._suspects.pop(0) if name in self.changes]
            if group:
                names = group
                break
        batch: list[str] = []
        size = 0
        for name in names:
            size += len(self.table[name].wire)
            if batch and size > RESPONSE_LIMIT:
                break
            batch.append(name)
        return batch

    def accept(self) -> Flight:
        """The client accepted the response in flight."""
        flight = self._landed()
        has_replaced = self._keep(flight, flight.sent)
        if has_replaced and self.refused and self.type_url in CONFLICTING:
            for name in tuple(self.refused):
                self._suspects.append((name,))
                self.force(name)
        return flight

    def _keep(self, flight: Flight, names: Iterable[str]) -> bool:
        """The client uses these and dropped what was removed. Whether that took the place of something else."""
        has_replaced = bool(flight.removed)
        for name in names:
            resource = flight.sent[name]
            if not self.covers(resource):
                self.removals.pop(name, None)  # Unsubscribed in the meantime, and so dropped.
                continue
            before = self.held.get(name)
            has_replaced |= before is not None and before != resource.version
            self.held[name] = resource.version
            self.refused.pop(name, None)
        for name in flight.removed:
            self.held.pop(name, None)
        return has_replaced

    def reject(self, message: str, reasons: Mapping[str, str]) -> Flight:
        """The client refused the response in flight: find out which resource it means."""
        flight = self._landed()
        guilty = {name: reason for name, reason in reasons.items() if name in flight.sent}
        if guilty or not flight.sent:
            # A client that knows which ones it refused uses the others. And nothing can be wrong with a removal.
            self._keep(flight, [name for name in flight.sent if name not in guilty])
        elif len(flight.sent) == 1:
            guilty = dict.fromkeys(flight.sent, message)
        else:
            self._suspects[:0] = _split(tuple(flight.sent), message)
        for name, reason in guilty.items():
            self.refused[name] = Refusal(flight.sent[name].version, reason)
        for name in (*flight.sent, *flight.removed):
            self.mark(name)
        return flight

    def _landed(self) -> Flight:
        assert self.flight is not None
        flight, self.flight = self.flight, None
        return flight


def _split(names: tuple[str, ...], message: str) -> list[tuple[str, ...]]:
    """Groups to try one after the other: those named in the message each alone, else two halves."""
    named = [name for name in names if mentions(message, name)]
    if named:
        return [(name,) for name in named]
    half = len(names) // 2
    return [names[:half], names[half:]]


def mentions(message: str, name: str) -> bool:
    """Whether a message names a resource: the whole name, not a part of a longer one."""
    if name not in message:
        return False
    return re.search(rf"(?<![\w|/.-]){re.escape(name)}(?![\w|/-]|[.:]\w)", message) is not None

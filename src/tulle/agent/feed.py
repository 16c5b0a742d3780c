"""What one proxy is fed: between what the plane offers and what its Envoy accepts. Sans-io.

Keeps the last good version of everything for an Envoy that starts anew, and stand-ins for virtual hosts that are asked
for while nobody can answer. Knows names and bytes; what they mean is known to the plane and to Envoy. Of secrets the
plane has only those of the mesh: keys of workloads and certificates in files are of this host, whatever the plane says.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from envoy.config.endpoint.v3.endpoint_pb2 import ClusterLoadAssignment

from tulle.agent.addresses import on_this_host
from tulle.agent.last_good import LastGood
from tulle.agent.stand_ins import is_demand, stand_in
from tulle.envoy.naming import is_mesh_secret
from tulle.xds.replica import Delta
from tulle.xds.snapshot import (
    CLUSTER,
    ENDPOINT,
    EXTENSION,
    LISTENER,
    ROUTE,
    SECRET,
    TYPE_PREFIX,
    VIRTUAL_HOST,
    Resource,
    Snapshot,
    Table,
    framed,
)
from tulle.xds.subscription import Session

log = logging.getLogger(__name__)

FROM_PLANE = (SECRET, CLUSTER, ENDPOINT, EXTENSION, LISTENER, ROUTE, VIRTUAL_HOST)


@dataclass(frozen=True, slots=True)
class Verdict:
    """How Envoy took one response of the plane."""

    delta: Delta
    refusals: Mapping[str, str]
    """Reasons by resource name; empty: everything was accepted."""


@dataclass(slots=True)
class _Waiting:
    """Somebody asked for a virtual host that is not there (yet)."""

    since: float
    is_answered: bool = False
    """By a stand-in."""


@dataclass(slots=True, eq=False)
class Feed:
    """State of one proxy. Events come in as method calls; Envoy's side is answered by `session.publish`."""

    good: LastGood
    session: Session | None = None
    demand: set[str] = field(default_factory=set)
    """Virtual hosts that were ever asked for, as they were named."""
    _offered: dict[str, dict[str, Resource]] = field(default_factory=lambda: {url: {} for url in FROM_PLANE})
    _accepted: dict[str, dict[str, Resource]] = field(default_factory=lambda: {url: {} for url in FROM_PLANE})
    _refused: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)
    _unsettled: set[tuple[str, str]] = field(default_factory=set)
    """What was offered and not accepted yet, by type and name."""
    _unjudged: list[Delta] = field(default_factory=list)
    _waiting: dict[str, _Waiting] = field(default_factory=dict)
    _tables: dict[str, Table] = field(default_factory=dict)
    """What Envoy should have now."""
    _own: Table = field(default_factory=dict)
    """Secrets of this host, which are part of it."""
    _unknown: set[str] = field(default_factory=lambda: set(FROM_PLANE))
    """Types of which the plane has said nothing yet: an Envoy that was told `nothing` would go on without listeners."""

    def restore(self) -> None:
        """Begin with what is on disk."""
        self.demand.update(self.good.demand())
        for resource in self.good.resources():
            self._offered[resource.type_url][resource.name] = resource
            self._accepted[resource.type_url][resource.name] = resource
        self._tables.update({url: dict(table) for url, table in self._offered.items() if table})
        if LISTENER in self._tables:
            # Listeners came last; of what there is none of by now, there was none.
            self._unknown.clear()
        if self._tables:
            # A cluster whose endpoints never arrived would keep Envoy from ever serving the others.
            self._tables[ENDPOINT] = {**_without_endpoints(self._offered), **self._offered[ENDPOINT]}

    @property
    def accepted(self) -> tuple[Resource, ...]:
        """What Envoy accepted: the plane sends only what differs from it."""
        return tuple(resource for table in self._accepted.values() for resource in table.values())

    @property
    def users_of_secrets(self) -> Iterator[bytes]:
        """What the plane wants to be there that may refer to secrets, serialized."""
        return (resource.body for url in (LISTENER, CLUSTER) for resource in self._offered[url].values())

    # From the plane -----------------------------------------------------------------------------------------------

    def received(self, delta: Delta) -> None:
        """The plane sent something; it waits for a verdict."""
        url = delta.type_url
        self._unknown.discard(url)
        offered, accepted = self._offered[url], self._accepted[url]
        for resource in delta.changed.values():
            if url == SECRET and not is_mesh_secret(resource.name):
                log.error("the control plane sent secret %s, which is this host's own; it is ignored", resource.name)
                continue
            offered[resource.name] = on_this_host(resource)
            self._unsettled.add((url, resource.name))
            # Sent again, it is to be tried again: what it conflicted with may be gone.
            self._refused.pop((url, resource.name), None)
        gone = [name for name in delta.removed if offered.pop(name, None) is not None]
        for name in gone:
            accepted.pop(name, None)
            self._refused.pop((url, name), None)
        if gone:
            self.good.keep((), [(url, name) for name in gone])
        self._unjudged.append(delta)
        changed = {name for name in delta.names if url != SECRET or is_mesh_secret(name)}
        if url == VIRTUAL_HOST:
            changed |= self._answered(delta.changed.values())
        self._refresh(url, changed)

    @property
    def refused(self) -> dict[tuple[str, str], str]:
        """Why Envoy does not have the newest version of something, by type and name."""
        return {key: message for key, (_, message) in self._refused.items()}

    def plane_left(self) -> None:
        """The stream to the plane ended; nobody waits for verdicts any more."""
        self._unjudged.clear()

    def verdicts(self) -> list[Verdict]:
        """Responses of the plane that Envoy has taken or refused by now; each is returned once."""
        session = self.session
        if session is None:
            return []
        judged = [delta for delta in self._unjudged if self._is_judged(session, delta)]
        self._unjudged = [delta for delta in self._unjudged if delta not in judged]
        return [Verdict(delta, self._refusals(delta)) for delta in judged]

    # From the agent -----------------------------------------------------------------------------------------------

    def keys(self, secrets: Table) -> None:
        """Certificates and keys changed; they come from this host, not from the plane."""
        before, self._own = self._own, secrets
        of_mesh = {name: each for name, each in self._tables.get(SECRET, {}).items() if is_mesh_secret(name)}
        self._tables[SECRET] = {**of_mesh, **secrets}
        changed = {name for name in {*before, *secrets} if before.get(name) is not secrets.get(name)}
        self._publish({SECRET: changed})

    def stand_in(self, now: float, patience: float, reason: str) -> None:
        """Answer for virtual hosts that were asked for `patience` seconds ago and that nobody answered.

        Args:
            now: monotonic seconds.
            patience: seconds that a request may wait.
            reason: a sentence for the caller.
        """
        late = [
            name
            for name, waiting in self._waiting.items()
            if not waiting.is_answered and now - waiting.since >= patience
        ]
        if not late:
            return
        for name in late:
            self._waiting[name].is_answered = True
        table = {**self._tables.get(VIRTUAL_HOST, {}), **{name: stand_in(name, reason) for name in late}}
        self._tables[VIRTUAL_HOST] = table
        self._publish({VIRTUAL_HOST: late})

    # From Envoy ---------------------------------------------------------------------------------------------------

    def envoy_connected(self, session: Session) -> None:
        """Envoy opened its stream."""
        self.session = session
        self._publish(None)

    def envoy_left(self, session: Session) -> None:
        """Its stream ended."""
        if self.session is session:
            self.session = None

    def envoy_wants(self, type_url: str, names: frozenset[str], now: float) -> frozenset[str]:
        """Envoy's explicit subscriptions are now these; returns demand that the plane does not know yet."""
        if type_url != VIRTUAL_HOST:
            return frozenset()
        asked = {name for name in names if is_demand(name)}
        for name in asked - self._waiting.keys():
            if not self._is_there(name):
                self._waiting[name] = _Waiting(now)
        for name in self._waiting.keys() - asked:
            del self._waiting[name]
        new = frozenset(asked - self.demand)
        self.demand |= new
        self.good.ask(new)
        return new

    def envoy_settled(self) -> None:
        """Envoy accepted or refused something: keep what is good, go back where it is not."""
        session = self.session
        if session is None:
            return
        fresh: list[Resource] = []
        for url, name in tuple(self._unsettled):
            resource = self._offered[url].get(name)
            if resource is None or session.accepted.get(url, {}).get(name) == resource.version:
                self._unsettled.discard((url, name))
            if resource is not None and (url, name) not in self._unsettled:
                self._accepted[url][name] = resource
                self._refused.pop((url, name), None)
                fresh.append(resource)
        if fresh:
            self.good.keep(fresh)
        self._note_refusals(session)

    def _note_refusals(self, session: Session) -> None:
        back: dict[str, set[str]] = {}
        for (url, name), refusal in session.refused.items():
            offered = self._offered.get(url, {}).get(name)
            verdict = (refusal.version, refusal.reason)
            if offered is not None and offered.version == refusal.version and self._refused.get((url, name)) != verdict:
                self._refused[url, name] = verdict
                back.setdefault(url, set()).add(name)
        for url, names in back.items():
            self._refresh(url, names)

    # How it comes about -------------------------------------------------------------------------------------------

    def _is_judged(self, session: Session, delta: Delta) -> bool:
        url = delta.type_url
        accepted = session.accepted.get(url)
        if accepted is None:
            # Envoy has not asked for this type yet; it will, if there is something that it can use.
            return not delta.changed
        # What is settled without being accepted is something that Envoy does not want.
        return session.is_settled(url) or all(
            accepted.get(resource.name) == resource.version or self._reason(url, resource) is not None
            for resource in delta.changed.values()
        )

    def _refusals(self, delta: Delta) -> dict[str, str]:
        reasons = {name: self._reason(delta.type_url, resource) for name, resource in delta.changed.items()}
        return {name: reason for name, reason in reasons.items() if reason is not None}

    def _reason(self, type_url: str, resource: Resource) -> str | None:
        version, message = self._refused.get((type_url, resource.name), ("", ""))
        return message if version == resource.version else None

    def _refresh(self, type_url: str, names: Collection[str]) -> None:
        """Compute anew what Envoy should have of these names, and publish it."""
        table = dict(self._tables.get(type_url, {}))
        for name in names:
            resource = self._offered[type_url].get(name)
            if resource is not None and self._reason(type_url, resource) is not None:
                resource = self._accepted[type_url].get(name)
            if resource is not None:
                table[name] = resource
            else:
                table.pop(name, None)
        self._tables[type_url] = table
        self._publish({type_url: names})

    def _publish(self, changed: Mapping[str, Collection[str]] | None) -> None:
        if self.session is not None:
            self.session.publish(Snapshot(dict(self._tables), frozenset(self._unknown)), changed)

    def _is_there(self, name: str) -> bool:
        table = self._tables.get(VIRTUAL_HOST, {})
        return name in table or any(name in resource.aliases for resource in table.values())

    def _answered(self, resources: Iterable[Resource]) -> set[str]:
        """Virtual hosts arrived: nobody waits for them any more. Returns stand-ins that must go."""
        names = {name for resource in resources for name in (resource.name, *resource.aliases)}
        done = self._waiting.keys() & names
        return {name for name in done if self._waiting.pop(name).is_answered}


def _without_endpoints(offered: Mapping[str, Table]) -> dict[str, Resource]:
    """Empty load assignments for clusters that have none."""
    names = {cluster.endpoints_name for cluster in offered[CLUSTER].values()} - {""} - offered[ENDPOINT].keys()
    return {name: _empty_assignment(name) for name in names}


def _empty_assignment(name: str) -> Resource:
    message = ClusterLoadAssignment(cluster_name=name)
    return framed(TYPE_PREFIX + message.DESCRIPTOR.full_name, name, message.SerializeToString())

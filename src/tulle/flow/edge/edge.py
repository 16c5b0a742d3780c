"""What the gateway is to do at its edge, kept up to date: listeners, services and routes of all routers."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import fields, replace
from typing import TypeVar

from tulle.flow.edge import answers, log_files, observed, places, redirects, streams
from tulle.flow.edge.joining import Joined, join
from tulle.flow.edge.known import ALL, Key, Known, changed, usual_of
from tulle.flow.edge.known import different as known_changes
from tulle.flow.merge import Merge
from tulle.kit.memo import remember
from tulle.kit.tables import replaced
from tulle.model.challenges import NOTHING_ISSUED, Issued
from tulle.model.findings import Finding
from tulle.model.hostnames import ANY
from tulle.model.listeners import Certificate, Listener
from tulle.model.names import Name
from tulle.model.objects import Secret
from tulle.model.policies import ClientTls, TlsMode
from tulle.model.routers import (
    INTERNAL,
    TCP,
    UDP,
    USUAL_TCP_TRANSPORT,
    USUAL_TRANSPORT,
    EdgeState,
    EntryPoint,
    KeyPair,
    Pool,
    Router,
    RouterState,
    TlsOptions,
    Transport,
)
from tulle.model.routes import RouteKind, RouteSet
from tulle.model.services import Service

Thing = TypeVar("Thing")
CERTIFICATES = "edge-certificates"
"""The namespace of their secrets."""


class Edge:
    """Routers joined with everything that they name; only what a change concerns is joined again."""

    def __init__(self) -> None:
        self.listeners: dict[Name, Listener] = {}
        self.services: dict[Name, Service] = {}
        self.secrets: dict[Name, Secret] = {}
        self.routes: tuple[RouteSet, ...] = ()
        self.joined: dict[Router, Joined] = {}
        self.points: tuple[EntryPoint, ...] = ()
        self.state: EdgeState | None = None
        self._users: dict[Key, set[Router]] = {}
        self._usual: dict[RouteKind, tuple[EntryPoint, ...]] = {}
        self._known = Known()
        self._issued = NOTHING_ISSUED

    def update(self, merge: Merge, issued: Issued = NOTHING_ISSUED) -> None:
        """Bring everything up to date with what is merged now, and what authorities have issued."""
        is_issued = issued is not self._issued
        if not changed(merge) and not is_issued:
            return
        self._issued = issued
        before, known = self._known, Known.of(merge)
        every = sorted(places.all_points(known.points, known.routers.values()), key=_name)
        self.points = tuple(observed.points(every, log_files.usable(known.observing)))
        known = self._known = replace(known, points={each.name: each for each in self.points})
        different = known_changes(merge, before, known)
        self._update_services(different)
        is_joined = self._join(different, before)
        kinds = {kind for kind, _ in different}
        if is_joined or is_issued or not kinds.isdisjoint({"certificate", "entry point", "options"}):
            self._update_listeners()
        if is_issued or not kinds.isdisjoint({"certificate", "entry point", "serversTransport"}):
            self._update_secrets()
        own = (route for router in self._in_order() for route in self.joined[router].routes)
        asked = answers.routes(issued.answers, self.points)
        self.routes = (*asked, *redirects.redirects(known.points), *own)
        self.state = self._state()

    def _join(self, different: set[Key], before: Known) -> bool:
        """Join the routers again that anything different concerns; whether there is any."""
        known, usual = self._known, self._usual_points()
        names = [name for kind, name in different if kind == "router"]
        stale = {before.routers[name] for name in names if name in before.routers}
        new = {known.routers[name] for name in names if name in known.routers}
        moved = {usual_of(kind) for kind, points in usual.items() if points != self._usual.get(kind, ())}
        again = {router for key in different | moved for router in self._users.get(key, ())} - stale
        self._usual = usual
        for router in stale | again:
            for key in self.joined.pop(router).asked:
                self._users[key].discard(router)
        for router in new | again:
            if router.problem is not None:
                joined = Joined(findings=(router.problem,), problems=(router.problem.message,))
            else:
                join_one = join if router.kind is RouteKind.HTTP else streams.join
                joined = join_one(router, known, usual[router.kind])
            self.joined[router] = joined
            for key in joined.asked:
                self._users.setdefault(key, set()).add(router)
        return bool(stale or new or again)

    def _usual_points(self) -> dict[RouteKind, tuple[EntryPoint, ...]]:
        """Entry points of routers that name none."""
        usual = places.points_for_all(self._known.points)
        datagrams = tuple(each for each in self.points if each.is_udp)
        return {RouteKind.HTTP: usual, RouteKind.TCP: usual, RouteKind.UDP: datagrams}

    def _in_order(self) -> list[Router]:
        """All routers, in an order that knows nothing of what was first."""
        return sorted(self.joined, key=_name)

    def _state(self) -> EdgeState:
        """What can be asked about."""
        found = {}
        for router in self._in_order():
            joined = self.joined[router]
            found[router.name] = RouterState(
                router=router,
                points=tuple(point.name.name for point in joined.points),
                problems=joined.problems,
                services=tuple(sorted(name for kind, name in joined.asked if kind == "service" and name != ALL)),
                steps=tuple(sorted(name for kind, name in joined.asked if kind == "middleware" and name != ALL)),
            )
        wishes = [
            (router, router.tls or point.tls)
            for router in self._in_order()
            if (joined := self.joined[router]).routes
            for point in joined.points
        ]
        return EdgeState(
            routers=found, points=self.points, pools=self._known.pools, wishes=tuple(dict.fromkeys(wishes))
        )

    def findings(self) -> Iterator[Finding]:
        """What is missing."""
        for joined in self.joined.values():
            yield from joined.findings
        yield from redirects.findings(self._known.points)
        yield from log_files.findings(self._known.observing.values())

    def _update_services(self, different: set[Key]) -> None:
        known = self._known
        names = {name for kind, name in different if kind == "service"}
        names |= {name for name in known.pools if name.namespace == INTERNAL}
        moved = {name for kind, name in different if kind == "serversTransport"}
        if moved:
            names |= {name for name, each in known.pools.items() if transport_of(each) in moved}
        self.services = replaced(self.services, [(name, self._service(name)) for name in names])

    def _service(self, name: Name) -> Service | None:
        pool = self._known.pools.get(name)
        if pool is None or (name.namespace == INTERNAL and not self.points):
            return None
        wanted = transport_of(pool)
        return served(pool, self._known.transports.get(wanted) if wanted is not None else None)

    def _update_secrets(self) -> None:
        found = [transport_secret(each) for each in self._known.transports.values()]
        if self.points:
            found += [*map(secret, self._pairs()), *answers.secrets(self._issued.answers)]
        issued = self._issued.secrets if self.points else {}
        self.secrets = _all(self.secrets, {**{each.name: each for each in found if each is not None}, **issued})

    def _pairs(self) -> list[KeyPair]:
        """Certificates in the order in which they are shown."""
        return sorted(self._known.pairs.values(), key=_standing) if self.points else []

    def _update_listeners(self) -> None:
        points, pairs, issued = self.points, self._pairs(), self._issued
        written = tuple(map(certificate, pairs))
        # The first is for clients that ask for a name without one.
        certificates = (*written, *(Certificate(secret=name) for name in sorted(issued.secrets)))
        ending = self._ending()
        found = {each.name: each for each in places.listeners(points, certificates, ending)}
        around = streams.Around(certificates, self._known.options, ending.usual)
        found.update((each.name, self._same(each)) for each in streams.listeners(self.joined, around))
        found.update((each.name, self._same(each)) for each in answers.listeners(issued.answers, points))
        self.listeners = _all(self.listeners, found)

    def _ending(self) -> places.Ending:
        """How TLS is ended, as routers say it; hosts for which they say different things have the usual way."""
        said: dict[Name, dict[str, set[Name | None]]] = {}
        for router in self._in_order():
            joined = self.joined[router]
            for point in joined.points if joined.routes and router.kind is RouteKind.HTTP else ():
                tls = router.tls or point.tls
                if tls is None:
                    continue
                wanted = tls.options.name if tls.options is not None else None
                for host in router.named:
                    said.setdefault(point.name, {}).setdefault(host, set()).add(wanted)
        special: dict[Name, tuple[tuple[TlsOptions, tuple[str, ...]], ...]] = {}
        for point_name, hosts in said.items():
            groups: dict[Name, list[str]] = {}
            for host, names in sorted(hosts.items()):
                (name, *others) = names
                if name is not None and not others and name in self._known.options:
                    groups.setdefault(name, []).append(host)
            special[point_name] = tuple((self._known.options[name], tuple(each)) for name, each in groups.items())
        usual = [each for name, each in sorted(self._known.options.items()) if name.name == "default"]
        return places.Ending(usual[0] if usual else None, special, *self._shared(said))

    def _shared(self, said: Mapping[Name, Mapping[str, object]]) -> tuple[dict[Name, tuple[str, ...]], frozenset[Name]]:
        """Where routers for connections take some of those that could have requests in them.

        By entry point the hosts that are left with TLS, and the entry points where none are left without.
        """
        hosts: dict[Name, tuple[str, ...]] = {}
        plain = set()
        wide = {
            point.name
            for router, joined in self.joined.items()
            if router.kind is RouteKind.HTTP and router.hosts is None and joined.routes
            for point in joined.points
            if router.tls is not None or point.tls is not None
        }
        for router in self._in_order():
            if router.kind is not RouteKind.TCP or not self.joined[router].routes:
                continue
            for point in self.joined[router].points:
                named = said.get(point.name, {})
                if router.tls is None:
                    if streams.is_catch_all(router):
                        plain.add(point.name)
                    continue
                names = streams.server_names(router)
                before = hosts.get(point.name, (ANY,))
                both = [name for name in names if name in named and name not in before]
                hosts[point.name] = (*both, *before)
                if ANY in names and point.name not in wide:
                    hosts[point.name] = tuple(sorted(named))
        return hosts, frozenset(plain)

    def _same(self, listener: Listener) -> Listener:
        """The one that there is, if nothing is different."""
        known = self.listeners.get(listener.name)
        if known is not None and all(getattr(known, f.name) == getattr(listener, f.name) for f in fields(listener)):
            return known
        return listener


def _all(table: dict[Name, Thing], now: Mapping[Name, Thing]) -> dict[Name, Thing]:
    """The same as `now` in its order, which decides between listeners of one socket; made of the table if it can be."""
    gone = [(name, None) for name in table if name not in now]
    found = replaced(table, [*now.items(), *gone])
    return found if list(found) == list(now) else dict(now)


def _name(thing: Router | EntryPoint) -> Name:
    return thing.name


def _standing(pair: KeyPair) -> tuple[bool, bool, Name]:
    """Certificates for clients that ask for a name without one come first: those that somebody wrote."""
    return not pair.is_default, pair.name.namespace == INTERNAL, pair.name


def transport_of(pool: Pool) -> Name | None:
    """The transport of a pool; None: connections have no usual one."""
    if pool.transport is not None:
        return pool.transport.name
    if pool.name.name.startswith(TCP):
        return USUAL_TCP_TRANSPORT
    return None if pool.name.name.startswith(UDP) else USUAL_TRANSPORT


@remember(size=2)
def served(pool: Pool, transport: Transport | None) -> Service:
    """The servers of a pool, spoken to as its transport says."""
    usual = pool.service.policy
    policy = replace(usual, pool=replace(usual.pool, hides_proxy=True))
    if pool.is_encrypted:
        host = pool.authorities[0].rpartition(":")[0] if pool.authorities else ""
        tls = _tls(transport) or ClientTls(mode=TlsMode.SIMPLE)
        tls = tls if tls.server_name else replace(tls, server_name=host.strip("[]") or pool.authorities[0])
        is_old = transport is not None and transport.disables_http2
        policy = replace(policy, tls=tls, pool=replace(policy.pool, negotiates_http2=not is_old))
    if transport is not None:
        policy = replace(policy, connect_timeout=transport.connect_timeout, idle_timeout=transport.idle_timeout)
    return replace(pool.service, policy=policy)


def _tls(transport: Transport | None) -> ClientTls | None:
    if transport is None or transport.tls is None:
        return None
    tls = transport.tls
    name = _transport_secret_name(transport)
    if transport.authorities:
        tls = replace(tls, ca_secret=name)
    if transport.certificate:
        tls = replace(tls, shown_secret=name)
    return tls


@remember(size=1)
def transport_secret(transport: Transport) -> Secret | None:
    """Of a transport whose certificates are text; None if there are none."""
    texts = (("ca.crt", transport.authorities), ("tls.crt", transport.certificate), ("tls.key", transport.key))
    data = tuple((name, text.encode()) for name, text in texts if text)
    name = _transport_secret_name(transport)
    return Secret(name=name, origin=transport.origin, data=data) if data else None


def _transport_secret_name(transport: Transport) -> Name:
    return _hashed(f"transport {transport.name}")


@remember(size=1)
def secret(pair: KeyPair) -> Secret | None:
    """Of a pair that is text; None for one in files."""
    if not pair.certificate.startswith("-----"):
        return None
    data = (("tls.crt", pair.certificate.encode()), ("tls.key", pair.key.encode()))
    return Secret(name=_secret_name(pair), origin=pair.origin, data=data)


def _secret_name(pair: KeyPair) -> Name:
    """Names of secrets have few characters."""
    return _hashed(str(pair.name))


def _hashed(text: str) -> Name:
    return Name(CERTIFICATES, hashlib.sha256(text.encode()).hexdigest()[:24])


@remember(size=1)
def certificate(pair: KeyPair) -> Certificate:
    """As listeners show it."""
    if pair.certificate.startswith("-----"):
        return Certificate(secret=_secret_name(pair), origin=pair.origin)
    return Certificate(certificate_file=pair.certificate, key_file=pair.key, origin=pair.origin)

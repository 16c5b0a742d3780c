"""What the gateway is to do at its edge, kept up to date: listeners, services and routes of all routers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, replace
from typing import TypeVar

from tulle.flow.edge import (
    answers,
    certified,
    crowds,
    log_files,
    observed,
    places,
    redirects,
    signing_in,
    streams,
    trusting,
)
from tulle.flow.edge.ending import Ending
from tulle.flow.edge.ending import ending as end
from tulle.flow.edge.joining import Joined, join
from tulle.flow.edge.known import ALL, Key, Known, changed, usual_of
from tulle.flow.edge.known import different as known_changes
from tulle.flow.edge.misdirected import refused, without
from tulle.flow.edge.trusting import hashed
from tulle.flow.merge import Merge
from tulle.kit.memo import remember
from tulle.kit.tables import replaced
from tulle.model.challenges import NOTHING_ISSUED, Issued
from tulle.model.findings import Finding
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
    RouterTls,
    Transport,
)
from tulle.model.routes import RouteKind, RouteSet
from tulle.model.services import Service

Thing = TypeVar("Thing")


NO_KEYS: Mapping[str, str] = {}


class Edge:
    """Routers joined with everything that they name; only what a change concerns is joined again."""

    def __init__(self, seal: str = "") -> None:
        """`seal`: what cookies are proven by."""
        self._seal = seal
        self.listeners: dict[Name, Listener] = {}
        self.services: dict[Name, Service] = {}
        self.secrets: dict[Name, Secret] = {}
        self.routes: tuple[RouteSet, ...] = ()
        self.joined: dict[Router, Joined] = {}
        self.points: tuple[EntryPoint, ...] = ()
        self.state: EdgeState | None = None
        self._states: dict[Router, RouterState] = {}
        self._users: dict[Key, set[Router]] = {}
        self._crowds: tuple[Finding, ...] = ()
        self._usual: dict[RouteKind, tuple[EntryPoint, ...]] = {}
        self._known = Known()
        self._issued = NOTHING_ISSUED
        self._ending = Ending()

    def update(self, merge: Merge, issued: Issued = NOTHING_ISSUED, keys: Mapping[str, str] = NO_KEYS) -> None:
        """Bring everything up to date with what is merged now, what authorities have issued, and keys of issuers."""
        is_issued = issued is not self._issued
        if not changed(merge) and not is_issued and keys is self._known.keys:
            return
        self._issued = issued
        before, known = self._known, Known.of(merge)
        every = sorted(places.all_points(known.points, known.routers.values()), key=_name)
        self.points = tuple(observed.points(every, log_files.usable(known.observing)))
        known = self._known = replace(known, points={each.name: each for each in self.points}, keys=keys)
        different = known_changes(merge, before, known)
        self._update_services(different)
        is_joined = self._join(different, before)
        kinds = {kind for kind, _ in different}
        if is_joined or is_issued or not kinds.isdisjoint({"certificate", "core", "entry point", "options"}):
            self._update_listeners()
        if is_issued or not kinds.isdisjoint(
            {"certificate", "entry point", "options", "serversTransport", "middleware"}
        ):
            self._update_secrets()
        routers = self._in_order()
        own = (route for router in routers for route in self._routes_of(router))
        asked = answers.routes(issued.answers, self.points)
        self.routes = (*asked, *redirects.redirects(known.points), *own)
        self.state = self._state(routers)
        self._crowds = tuple(crowds.findings(self.routes))

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
            del self._states[router]
            for key in self.joined.pop(router).asked:
                self._users[key].discard(router)
        for router in new | again:
            if router.problem is not None:
                joined = Joined(findings=(router.problem,), problems=(router.problem.message,))
            else:
                join_one = join if router.kind is RouteKind.HTTP else streams.join
                joined = join_one(router, known, usual[router.kind])
            self.joined[router] = joined
            self._states[router] = _state_of(router, joined)
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

    def _state(self, routers: Iterable[Router]) -> EdgeState:
        """What can be asked about; only what was joined anew is looked at."""
        found: dict[Name, RouterState] = {}
        wishes: dict[tuple[Router, RouterTls], None] = {}
        has_tls = any(point.tls is not None for point in self.points)
        for router in routers:
            found[router.name] = self._states[router]
            joined = self.joined[router]
            if joined.routes and (has_tls or router.tls is not None):
                said = (router.tls or point.tls for point in joined.points)
                wishes.update(dict.fromkeys((router, tls) for tls in said if tls is not None))
        known = self._known
        return EdgeState(
            routers=found,
            points=self.points,
            pools=known.pools,
            composed=frozenset((*known.blends, *known.mirrorings, *known.failovers)),
            steps=frozenset(known.steps),
            token_rules=tuple(known.token_rules),
            sign_in_rules=tuple(each.rule for each in known.sign_ins),
            wishes=tuple(wishes),
            provided=(certified.names(self._pairs(), ()) or ()) if any(tls.resolver for _, tls in wishes) else (),
        )

    def findings(self) -> Iterator[Finding]:
        """What is missing."""
        for joined in self.joined.values():
            yield from joined.findings
        yield from redirects.findings(self._known.points)
        yield from self._crowds
        yield from self._ending.findings
        yield from log_files.findings(self._known.observing.values())

    def _routes_of(self, router: Router) -> tuple[RouteSet, ...]:
        joined = self.joined[router]
        if router.kind is not RouteKind.HTTP:
            return joined.routes
        foreign = {places.tls_listener(each): self._ending.foreign(router, each) for each in joined.points}
        found = {name: others for name, others in foreign.items() if others}
        refusing = self._ending.refused
        nowhere = tuple(places.tls_listener(each) for each in joined.points if (router, each.name) in refusing)
        routes = tuple(left for each in joined.routes for left in without(each, nowhere)) if nowhere else joined.routes
        if not found:
            return routes
        return tuple(each for route in routes for each in refused(route, router, tuple(found.items())))

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
            found += map(trusting.secret, self._known.options.values())
            found += (self._same_secret(signing_in.secret(each, self._seal)) for each in self._known.sign_ins)
        issued = self._issued.secrets if self.points else {}
        self.secrets = _all(self.secrets, {**{each.name: each for each in found if each is not None}, **issued})

    def _same_secret(self, secret: Secret) -> Secret:
        """The one that there is, if nothing is different."""
        known = self.secrets.get(secret.name)
        return known if known is not None and (known.origin, known.data) == (secret.origin, secret.data) else secret

    def _pairs(self) -> list[KeyPair]:
        """Certificates in the order in which they are shown."""
        return sorted(self._known.pairs.values(), key=_standing) if self.points else []

    def _update_listeners(self) -> None:
        points, pairs, issued = self.points, self._pairs(), self._issued
        written = tuple(map(certificate, pairs))
        # The first is for clients that ask for a name without one.
        certificates = (*written, *(Certificate(secret=name) for name in sorted(issued.secrets)))
        live = {router: self.joined[router].points for router in self._in_order() if self.joined[router].routes}
        ending = self._ending = end(live, self._known.options, is_strict=self._known.is_strict)
        names = self._certified(pairs)
        found = {each.name: each for each in places.listeners(points, certificates, ending, names)}
        around = streams.Around(certificates, self._known.options, ending.usual, names, self._known.ranks)
        found.update((each.name, self._same(each)) for each in streams.listeners(self.joined, around))
        found.update((each.name, self._same(each)) for each in answers.listeners(issued.answers, points))
        self.listeners = _all(self.listeners, found)

    def _certified(self, pairs: list[KeyPair]) -> tuple[str, ...] | None:
        """The names for which there are certificates; None where nobody asks."""
        if not any(each.is_strict for each in self._known.options.values()):
            return None
        return certified.names(pairs, self._issued.secrets.values())

    def _same(self, listener: Listener) -> Listener:
        """The one that there is, if nothing is different."""
        known = self.listeners.get(listener.name)
        if known is not None and all(getattr(known, f.name) == getattr(listener, f.name) for f in fields(listener)):
            return known
        return listener


def _state_of(router: Router, joined: Joined) -> RouterState:
    """What became of a router."""
    return RouterState(
        router=router,
        points=tuple(point.name.name for point in joined.points),
        problems=joined.problems,
        remarks=joined.remarks,
        services=tuple(sorted(name for kind, name in joined.asked if kind == "service" and name != ALL)),
        steps=tuple(sorted(name for kind, name in joined.asked if kind == "middleware" and name != ALL)),
    )


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
        if transport.proxy_protocol:
            policy = replace(policy, proxy_protocol=transport.proxy_protocol)
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
    return hashed(f"transport {transport.name}")


@remember(size=1)
def secret(pair: KeyPair) -> Secret | None:
    """Of a pair that is text; None for one in files."""
    if not pair.certificate.startswith("-----"):
        return None
    data = (("tls.crt", pair.certificate.encode()), ("tls.key", pair.key.encode()))
    return Secret(name=_secret_name(pair), origin=pair.origin, data=data)


def _secret_name(pair: KeyPair) -> Name:
    return hashed(str(pair.name))


@remember(size=1)
def certificate(pair: KeyPair) -> Certificate:
    """As listeners show it."""
    if pair.certificate.startswith("-----"):
        return Certificate(secret=_secret_name(pair), origin=pair.origin)
    return Certificate(certificate_file=pair.certificate, key_file=pair.key, origin=pair.origin)

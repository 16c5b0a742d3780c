"""Advice: what makes no sense in the light of other documents, found by `flow/advisors`. Pure.

It is looked for again only where something changed that it depends on.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from tulle.envoy.scope import host_key
from tulle.flow.advisors.base import (
    EVERYWHERE,
    LISTENERS,
    NATIVE,
    SECRETS,
    SERVICES,
    Advisor,
    Attached,
    Key,
    World,
    account_key,
    anywhere,
    gateway_key,
    workloads_of,
)
from tulle.flow.advisors.registry import all_advisors
from tulle.flow.guarding import Guarding
from tulle.flow.index import Index
from tulle.flow.joining import Joining, typed
from tulle.flow.merge import Merge
from tulle.flow.nearest import Nearest
from tulle.flow.selection import pairs
from tulle.kit.tables import changed_keys
from tulle.model.documents import Document
from tulle.model.findings import Finding
from tulle.model.guards import Guard
from tulle.model.listeners import Listener
from tulle.model.mesh import Settings
from tulle.model.names import Name
from tulle.model.objects import Gateway, GatewayClass, ListenerSet, Secret
from tulle.model.routes import RouteSet
from tulle.model.services import Entry, Service
from tulle.model.workloads import Workload

NO_SERVICES: Mapping[Name, Service] = {}
NO_HOSTS: Mapping[str, tuple[Name, ...]] = {}
GATEWAYS = (Gateway, GatewayClass, ListenerSet)
NO_GUARDS: Mapping[Name, Guard] = {}


class Advice:
    """What all advisors found, kept up to date. To be updated after every update of what it is given."""

    def __init__(self) -> None:
        self._kinds = all_advisors()  # Imported here, not while the first mesh is built.
        self._advisors: tuple[Advisor, ...] = ()
        self._settings: Settings | None = None
        self._routes: dict[RouteSet, Document] = {}
        """Every set that was written and counts."""
        self._services: Mapping[Name, Service] = NO_SERVICES
        self._hosts: Mapping[str, tuple[Name, ...]] = NO_HOSTS
        self._guards: Mapping[Name, Guard] = NO_GUARDS
        self._gateway_guard: Guard | None = None
        self._entries: Mapping[Name, Entry] = {}
        self._listeners: Index[Name, Listener] = Index(_gateways, lambda name, _: name)
        self._nearest: dict[str, Nearest] = {}
        self._accounts: dict[tuple[str, str], int] = {}

    def update(
        self,
        merge: Merge,
        workloads: Mapping[Name, Workload],
        joining: Joining,
        guarding: Guarding,
        attached: Attached,
        settings: Settings,
    ) -> None:
        """Look again at what a change concerns. `attached` are the rules that count, where they count."""
        is_fresh = settings is not self._settings
        if is_fresh:
            self._settings, self._advisors = settings, tuple(make() for make in self._kinds)
        touched, is_renamed = self._differences(merge, joining, guarding, is_fresh=is_fresh)
        for route in merge.routes_removed:
            self._routes.pop(route, None)
        self._routes.update(merge.routes_added)
        if is_renamed:
            self._nearest = {}
        world = World(
            merge=merge,
            joining=joining,
            guarding=guarding,
            attached=attached,
            settings=settings,
            routes_added=self._routes if is_fresh else merge.routes_added,
            routes_removed=() if is_fresh else merge.routes_removed,
            listeners=self._listeners,
            workloads=workloads,
            services=joining.services,
            services_changed=joining.services if is_fresh else joining.changed,
            accounts=self._accounts,
            touched=touched,
            is_renamed=is_renamed,
            is_fresh=is_fresh,
            nearest=self._nearest,
        )
        for advisor in self._advisors:
            advisor.update(world)
        self._services, self._hosts = joining.services, joining.hosts
        self._guards, self._gateway_guard = guarding.guards, guarding.gateway

    def findings(self) -> Iterator[Finding]:
        """Everything that makes no sense."""
        for advisor in self._advisors:
            yield from advisor.findings()

    def _differences(
        self, merge: Merge, joining: Joining, guarding: Guarding, *, is_fresh: bool
    ) -> tuple[frozenset[Key], bool]:
        """What advice may depend on and is different now, and whether other names exist."""
        services = joining.services.keys() if is_fresh else joining.changed
        hosts = changed_keys(self._hosts, joining.hosts)
        gateways = self._listeners.update(merge.listeners.table, merge.changed.listeners)
        gateways |= {name for kind in GATEWAYS for name in merge.changed.objects.get(kind, ())}
        touched: set[Key] = {*services, *map(host_key, hosts), *map(gateway_key, gateways), *joining.relabelled}
        touched.update(gateway_key(Name("", each.name)) for each in gateways)
        guards = guarding.guards.keys() | self._guards.keys() if is_fresh else guarding.changed
        touched.update(self._touched_by_guards(guards, guarding), self._touched_by_entries(merge))
        if services or hosts:
            touched.add(SERVICES)
        if gateways or is_fresh:
            touched.add(LISTENERS)
        if merge.changed.objects.get(Secret):
            touched.add(SECRETS)
        is_renamed = bool(gateways) or any((name in self._services) != (name in joining.services) for name in services)
        is_renamed = is_renamed or any((host in self._hosts) != (host in joining.hosts) for host in hosts)
        return frozenset(touched), is_renamed

    def _touched_by_guards(self, names: Iterable[Name], guarding: Guarding) -> Iterator[Key]:
        """What is different as other workloads run, or as policies say other things about them."""
        for name in names:
            for guard, step in ((self._guards.get(name), -1), (guarding.guards.get(name), 1)):
                if guard is not None:
                    yield from (*pairs(name.namespace, guard.labels), *anywhere(guard.labels), *guard.answers)
                    yield self._count_account(name.namespace, guard.account, step)
            yield from (workloads_of(name.namespace), EVERYWHERE)
        if guarding.gateway is not self._gateway_guard:
            yield EVERYWHERE

    def _touched_by_entries(self, merge: Merge) -> Iterator[Key]:
        """The same for workloads that others run; there are few."""
        if not merge.changed.objects.get(Entry):
            return
        before, self._entries = self._entries, typed(merge, Entry)
        for entries, step in ((before, -1), (self._entries, 1)):
            for name, entry in entries.items():
                yield self._count_account(name.namespace, entry.account, step)

    def _count_account(self, namespace: str, account: str, step: int) -> Key:
        """One more, or one less, has an account."""
        known = namespace, account
        self._accounts[known] = self._accounts.get(known, 0) + step
        if not self._accounts[known]:
            del self._accounts[known]
        return account_key(namespace, account)


def _gateways(listener: Listener) -> tuple[Name, ...]:
    return (listener.gateway,) if listener.gateway is not None else (listener.name, NATIVE)

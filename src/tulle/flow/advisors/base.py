"""What advisors look at, and how they remember what they found."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from tulle.flow.dependents import Dependents
from tulle.flow.guarding import Guarding
from tulle.flow.index import Index
from tulle.flow.joining import Joining, typed
from tulle.flow.merge import Merge
from tulle.flow.nearest import Nearest
from tulle.flow.references import shown
from tulle.flow.resolving import with_host
from tulle.kit.quick import quick
from tulle.model.documents import Origin
from tulle.model.findings import Finding
from tulle.model.listeners import Listener
from tulle.model.mesh import Object, Settings
from tulle.model.names import SYSTEM_NAMESPACE, Name
from tulle.model.objects import Gateway
from tulle.model.routes import RouteSet
from tulle.model.services import Service
from tulle.model.workloads import Workload

Thing = TypeVar("Thing", bound=Hashable)
Kind = TypeVar("Kind", bound=Object)
Labels = tuple[tuple[str, str], ...]
Key = Hashable
"""What advice may depend on: the name of a service, a host (`host_key`), a label in a namespace, or one of `keys`."""
HOSTS = "/hosts"
"""Stands for hosts, where names are looked up in a namespace otherwise."""
SECRETS = "secrets"
"""Stands for all secrets."""
SERVICES = "services"
"""Stands for all services, for what is about many hosts at once."""
LISTENERS = "listeners"
"""Stands for all listeners of the gateway."""
EVERYWHERE = ("workloads", "*")
"""Stands for all workloads."""


def workloads_of(namespace: str) -> Key:
    """Stands for the workloads of a namespace, and what policies say about them."""
    return "workloads", namespace


def anywhere(selector: Labels) -> Iterator[Key]:
    """Stands for the workloads with these labels, in whatever namespace."""
    return (("", *pair) for pair in selector)


def account_key(namespace: str, account: str) -> Key:
    """Stands for a service account, and whether anybody has it."""
    return "account", namespace, account


NATIVE = Name(SYSTEM_NAMESPACE, "")
"""Stands for the gateway of native files, which has no name."""


def gateway_key(name: Name) -> Key:
    """Stands for the listeners of a gateway."""
    return "gateway", name


class Attached(Protocol):
    """The rules that count, where they count."""

    @property
    def gateway(self) -> tuple[RouteSet, ...]:
        """At gateways."""
        ...

    @property
    def services(self) -> dict[Name, tuple[RouteSet, ...]]:
        """In the mesh, by the service that is called."""
        ...

    @property
    def hosts(self) -> dict[str, tuple[RouteSet, ...]]:
        """In the mesh, by the host that is called."""
        ...


@dataclass(slots=True, kw_only=True)
class World:
    """Everything that was said and put together, and what of it is different now."""

    merge: Merge
    joining: Joining
    guarding: Guarding
    attached: Attached
    settings: Settings
    routes_added: Iterable[RouteSet]
    """Sets that were written and count, and did not before."""
    routes_removed: Iterable[RouteSet]
    listeners: Index[Name, Listener]
    """By the gateway that they belong to."""
    workloads: Mapping[Name, Workload]
    services: Mapping[Name, Service]
    services_changed: Iterable[Name]
    accounts: Mapping[tuple[str, str], int]
    """Namespaces and names of service accounts, and how many workloads have each."""
    touched: frozenset[Key]
    """What depends on one of these is to be looked at again."""
    is_renamed: bool
    """Whether other services, hosts or gateways exist than before, so that hints may differ."""
    is_fresh: bool
    """Whether everything is new to the advisors."""
    nearest: dict[str, Nearest]
    """What hints are looked up in."""

    def table(self, kind: type[Kind]) -> Mapping[Name, Kind]:
        """All objects of a type."""
        return typed(self.merge, kind)

    def changed(self, kind: type[Object]) -> Iterable[Name]:
        """The names of the objects of a type that are others than before."""
        return self.merge.table(kind) if self.is_fresh else self.merge.changed.objects.get(kind, ())

    def by_host(self, host: str, namespace: str) -> Service | None:
        """The service that documents of a namespace mean by this host."""
        return with_host(self.services, self.joining.hosts.get(host, ()), namespace)

    def service_hint(self, name: Name, namespace: str) -> str:
        """`; did you mean "web"?` for a service that does not exist, seen from a namespace."""
        if namespace not in self.nearest:
            self.nearest[namespace] = Nearest([shown(known, namespace) for known in self.services])
        return self.nearest[namespace].hint(shown(name, namespace))

    def host_hint(self, host: str) -> str:
        """The same for a host."""
        if HOSTS not in self.nearest:
            self.nearest[HOSTS] = Nearest(list(self.joining.hosts))
        return self.nearest[HOSTS].hint(host)

    def has_gateway(self, name: Name) -> bool:
        """Whether there is a gateway of this name, in whatever language."""
        return bool(self.listeners.get(name)) or name in self.table(Gateway)

    def selected(self, namespace: str, selector: Labels) -> Iterator[Workload]:
        """The workloads that a policy of a namespace selects; one of the root namespace selects everywhere."""
        by_namespace = self.guarding.by_namespace
        for space in by_namespace if namespace == self.settings.root_namespace else (namespace,):
            yield from self.joining.running.select(space, selector) if selector else by_namespace.get(space)

    def reach(self, namespace: str, selector: Labels) -> Key:
        """What tells that a policy of a namespace may be about other workloads (or about others than before)."""
        if namespace == self.settings.root_namespace:
            return EVERYWHERE
        return (namespace, *selector[0]) if selector else workloads_of(namespace)


@quick
@dataclass(frozen=True, slots=True)
class Advised:
    """What was found out about one thing."""

    findings: tuple[Finding, ...] = ()
    keys: Collection[Key] = ()
    """What it depends on; each once."""


def labelled(labels: Labels) -> str:
    """`app=reviews, version=v1`."""
    return ", ".join(f"{key}={value}" for key, value in labels)


def about(origin: Origin, fallback: Origin) -> str:
    """What a finding is about, in the words of the user."""
    return origin.subject or fallback.subject


class Advisor(Protocol):
    """Finds one kind of what makes no sense."""

    def update(self, world: World) -> None:
        """Look again at what changed."""
        ...

    def findings(self) -> Iterable[Finding]:
        """Everything that is known to make no sense."""
        ...


class Ledger(Generic[Thing]):
    """What was found out about each thing; it is found out again only when something it depends on is different."""

    def __init__(self, advise: Callable[[Thing, World], Advised]) -> None:
        self._advise = advise
        self._table: dict[Name, Thing] = {}
        self._dependents: Dependents[Thing, Key] = Dependents()
        self._noted: dict[Thing, tuple[Finding, ...]] = {}
        """Things that something is wrong with."""

    def update(self, added: Iterable[Thing], removed: Iterable[Thing], world: World) -> None:
        """Take in things (which are hashed by identity), and forget others."""
        for thing in removed:
            self._dependents.forget(thing)
            self._noted.pop(thing, None)
        again = set(added).union(*self._dependents.on(world.touched))
        if world.is_renamed:
            again.update(self._noted)
        for thing in again:
            self._remember(thing, self._advise(thing, world))

    def track(self, table: Mapping[Name, Thing], changed: Iterable[Name], world: World) -> None:
        """The same for a table, of which these names differ."""
        gone, new = [], []
        for name in changed:
            before, now = self._table.get(name), table.get(name)
            if before is now:
                continue
            if before is not None:
                gone.append(before)
                del self._table[name]
            if now is not None:
                new.append(now)
                self._table[name] = now
        self.update(new, gone, world)

    def findings(self) -> Iterator[Finding]:
        """Everything that was found out."""
        for findings in self._noted.values():
            yield from findings

    def _remember(self, thing: Thing, found: Advised) -> None:
        self._dependents.note(thing, found.keys)
        if found.findings:
            self._noted[thing] = found.findings
        else:
            self._noted.pop(thing, None)

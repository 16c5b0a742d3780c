"""What the proxy of each workload, and the gateway, enforces: all policies that select it, put together. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import Any, Protocol

from tulle.flow.claims import replaced
from tulle.flow.endpoints import serves
from tulle.flow.index import Index
from tulle.flow.joining import typed
from tulle.flow.merge import Merge
from tulle.kit.memo import remember
from tulle.model.extensions import EnvoyPatches, ProxySettings, Scope, Telemetry, WasmPlugin
from tulle.model.guards import Guard
from tulle.model.mesh import Object, Settings
from tulle.model.names import SYSTEM_NAMESPACE, Name
from tulle.model.policies import RateLimit
from tulle.model.security import (
    AccessAction,
    AccessPolicy,
    Authorizer,
    PeerAuthentication,
    PeerMode,
    RequestAuthentication,
    Rule,
)
from tulle.model.services import Port, Service
from tulle.model.workloads import Workload

Labels = tuple[tuple[str, str], ...]
GATEWAY = Name(SYSTEM_NAMESPACE, "gateway")


class Policies:
    """Policies of one kind by namespace."""

    def __init__(self, kind: type[Any]) -> None:
        self.kind = kind
        self._index: Index[str, Any] = Index(lambda each: (each.name.namespace,), _oldest_first)

    def update(self, merge: Merge) -> set[str]:
        """Take in what was merged now; the namespaces in which something is different."""
        return self._index.update(typed(merge, self.kind), merge.changed.objects.get(self.kind, ()))

    def __iter__(self) -> Iterator[Any]:
        for space in self._index:
            yield from self._index.get(space)

    def about(self, root: str, namespace: str, labels: Labels) -> tuple[Any, ...]:
        """Those for a workload: of the root namespace, then of its own; only those whose selector fits."""
        spaces = (root,) if root == namespace else (root, namespace)
        found = [each for space in spaces for each in self._index.get(space) if _is_about(each, labels)]
        return tuple(found)


class Answering(Protocol):
    """Which services workloads answer for."""

    @property
    def moved(self) -> AbstractSet[Name]:
        """Workloads that answer for other services, or for services that are others, than before."""
        ...

    def own(self, workload: Workload) -> Service | None:
        """The service that it is run for."""
        ...

    def services_of(self, workload: Workload) -> tuple[Service, ...]:
        """All services that send calls to it."""
        ...


@dataclass(frozen=True, slots=True)
class Said:
    """Everything that policies say about one workload."""

    access: tuple[AccessPolicy, ...] = ()
    authorizers: tuple[Authorizer, ...] = ()
    tokens: tuple[RequestAuthentication, ...] = ()
    peer_mode: PeerMode = PeerMode.STRICT
    port_modes: tuple[tuple[int, PeerMode], ...] = ()
    scope: Scope | None = None
    telemetry: tuple[Telemetry, ...] = ()
    patches: tuple[EnvoyPatches, ...] = ()
    plugins: tuple[WasmPlugin, ...] = ()
    proxy: tuple[ProxySettings, ...] = ()


KINDS: tuple[type[Object], ...] = (
    AccessPolicy,
    RequestAuthentication,
    PeerAuthentication,
    Scope,
    Telemetry,
    EnvoyPatches,
    WasmPlugin,
    ProxySettings,
)


class Guarding:
    """The guards, kept up to date."""

    def __init__(self) -> None:
        self.guards: dict[Name, Guard] = {}
        self.gateway: Guard | None = None
        self._policies = {kind: Policies(kind) for kind in KINDS}
        self._by_namespace: Index[str, Workload] = Index(lambda each: (each.name.namespace,), lambda name, _: name)
        self._settings: Settings | None = None
        self._authorizers: Mapping[Name, Authorizer] = {}

    def update(
        self,
        merge: Merge,
        workloads: Mapping[Name, Workload],
        moved: frozenset[Name],
        answering: Answering,
        settings: Settings,
    ) -> None:
        """Put together again what a change concerns.

        Args:
            merge: what was merged now.
            workloads: those of now, of which `moved` differ.
            answering: for which services they answer.
            settings: of the mesh.
        """
        spaces = set().union(*(policies.update(merge) for policies in self._policies.values()))
        is_everywhere = (
            settings is not self._settings
            or settings.root_namespace in spaces
            or bool(merge.changed.objects.get(Authorizer))
        )
        self._settings, self._authorizers = settings, typed(merge, Authorizer)
        self._by_namespace.update(workloads, moved)
        if is_everywhere:
            names: set[Name] = set(workloads) | moved
        else:
            names = set(moved)
            names.update(each.name for space in spaces for each in self._by_namespace.get(space))
            names |= answering.moved
        guards = [(name, self._guard(workloads.get(name), answering, settings)) for name in names]
        self.guards = replaced(self.guards, guards)
        if is_everywhere or SYSTEM_NAMESPACE in spaces:
            self._guard_gateway(settings)

    def unused(self, kind: type[Object]) -> Iterator[Any]:
        """Policies of a kind that are about no workload and not about the gateway."""
        used = {id(each) for guard in (*self.guards.values(), self.gateway) if guard for each in _said_in(guard)}
        yield from (each for each in self._policies[kind] if id(each) not in used and not getattr(each, "targets", ()))

    def _guard(self, workload: Workload | None, answering: Answering, settings: Settings) -> Guard | None:
        if workload is None:
            return None
        said = self._said(workload.name.namespace, workload.labels, settings)
        own, services = answering.own(workload), answering.services_of(workload)
        return _guard(
            workload,
            own.allow if own is not None else None,
            own.policy.rate_limit if own is not None else None,
            tuple(_spoken(port, services, len(workload.ports) == 1) for port in workload.ports),
            tuple(each.name for each in services) or (workload.service,),
            said,
        )

    def _guard_gateway(self, settings: Settings) -> None:
        said = self._said(settings.root_namespace, settings.gateway_labels, settings)
        if said == Said() or (self.gateway is not None and said == _gateway_said(self.gateway)):
            self.gateway = self.gateway if said != Said() else None
            return
        bare = Guard(
            workload=GATEWAY,
            origin=settings.origin,
            service=GATEWAY,
            account=GATEWAY.name,
            labels=settings.gateway_labels,
        )
        self.gateway = _with(bare, said)

    def _said(self, namespace: str, labels: Labels, settings: Settings) -> Said:
        root = settings.root_namespace
        found = {kind: policies.about(root, namespace, labels) for kind, policies in self._policies.items()}
        access: tuple[AccessPolicy, ...] = found[AccessPolicy]
        peers: tuple[PeerAuthentication, ...] = found[PeerAuthentication]
        asked = dict.fromkeys(each.provider for each in access if each.action is AccessAction.CUSTOM)
        authorizers = (self._authorizers.get(Name("", name)) for name in asked)
        mode, ports = peer_mode(peers, root, namespace)
        return Said(
            access=access,
            authorizers=tuple(each for each in authorizers if each is not None),
            tokens=found[RequestAuthentication],
            peer_mode=mode,
            port_modes=ports,
            scope=_scope(found[Scope], namespace),
            telemetry=_widest_first(found[Telemetry], namespace),
            patches=found[EnvoyPatches],
            plugins=found[WasmPlugin],
            proxy=found[ProxySettings],
        )


def peer_mode(
    policies: Iterable[PeerAuthentication], root: str, namespace: str
) -> tuple[PeerMode, tuple[tuple[int, PeerMode], ...]]:
    """The mode of a workload and of its single ports: the narrowest policy that says one, of equals the oldest.

    Istio, PeerAuthentication: mesh < namespace < workload. Without any policy only mutual TLS is taken.
    """
    levels: dict[int, PeerAuthentication] = {}
    for each in policies:
        is_own = each.name.namespace == namespace
        if each.selector and not is_own:
            continue  # In the root namespace, too, a selector selects workloads of its own namespace only.
        level = 2 if each.selector else 1 if is_own and namespace != root else 0
        levels.setdefault(level, each)
    mode = next((levels[level].mode for level in (2, 1, 0) if level in levels and levels[level].mode), None)
    return mode or PeerMode.STRICT, levels[2].port_modes if 2 in levels else ()


def _widest_first(found: tuple[Telemetry, ...], namespace: str) -> tuple[Telemetry, ...]:
    """The narrowest last: what it says of the same counts more."""
    return tuple(sorted(found, key=lambda each: (each.name.namespace == namespace, bool(each.selector))))


def _scope(scopes: tuple[Scope, ...], namespace: str) -> Scope | None:
    """One with a selector, or else that of the namespace, or else that of the mesh (Istio, Sidecar)."""
    own = [each for each in scopes if each.name.namespace == namespace]
    selecting = [each for each in own if each.selector]
    rest = [each for each in own if not each.selector] + [each for each in scopes if each not in own]
    return next(iter((*selecting, *rest)), None)


def _is_about(policy: Any, labels: Labels) -> bool:
    return not getattr(policy, "targets", ()) and frozenset(policy.selector).issubset(labels)


def _oldest_first(name: Name, policy: Any) -> tuple[int, str, Name]:
    return getattr(policy, "priority", 0), getattr(policy, "created", ""), name


@remember(size=2)
def _guard(
    workload: Workload,
    allow: tuple[Rule, ...] | None,
    rate_limit: RateLimit | None,
    ports: tuple[Port, ...],
    answers: tuple[Name, ...],
    said: Said,
) -> Guard:
    """The same object for the same input: what is compiled from it stays what it is."""
    guard = Guard(
        workload=workload.name,
        origin=workload.origin,
        service=workload.service,
        account=workload.account,
        answers=answers,
        labels=workload.labels,
        ports=ports,
        allow=allow,
        rate_limit=rate_limit,
    )
    return _with(guard, said)


def _with(guard: Guard, said: Said) -> Guard:
    return replace(guard, **{field: getattr(said, field) for field in Said.__dataclass_fields__})


def _gateway_said(guard: Guard) -> Said:
    return Said(**{field: getattr(guard, field) for field in Said.__dataclass_fields__})


def _said_in(guard: Guard) -> Iterator[object]:
    for field in ("access", "tokens", "telemetry", "patches", "plugins", "proxy"):
        yield from getattr(guard, field)


def _spoken(port: Port, services: tuple[Service, ...], is_only: bool) -> Port:
    """A port of a workload with the protocol that the services say which send calls there."""
    for service in services:
        for each in service.ports:
            if serves(port.name, port.number, each) or (is_only and len(service.ports) == 1):
                return port if each.protocol is port.protocol else replace(port, protocol=each.protocol)
    return port

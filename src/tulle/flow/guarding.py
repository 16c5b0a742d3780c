"""What the proxy of each workload, and the gateway, enforces: all policies that select it, put together. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import replace
from itertools import chain
from typing import Any, Protocol, TypeVar

from tulle.flow.endpoints import serves
from tulle.flow.index import Index
from tulle.flow.joining import typed
from tulle.flow.keys import Keyed
from tulle.flow.merge import Merge
from tulle.flow.policies import Labels, Place, Policies, Subject
from tulle.flow.selection import Selection
from tulle.kit.memo import remember
from tulle.kit.tables import replaced
from tulle.model.extensions import EnvoyPatches, ProxySettings, Scope, Telemetry, WasmPlugin
from tulle.model.guards import Guard, Said
from tulle.model.mesh import Object, Settings
from tulle.model.names import GATEWAY, Name
from tulle.model.objects import Gateway, ListenerSet
from tulle.model.policies import RateLimit
from tulle.model.security import (
    LISTENER,
    AccessAction,
    AccessPolicy,
    Authorizer,
    PeerAuthentication,
    PeerMode,
    RequestAuthentication,
    Rule,
    Target,
)
from tulle.model.services import Port, Service
from tulle.model.workloads import Workload

GATEWAY_NAME = "gateway.networking.k8s.io/gateway-name"
"""The label with the name of its gateway that everything has which runs for one of Gateway API."""
Narrowed = TypeVar("Narrowed", Telemetry, ProxySettings)
SERVICES = ("Service", "ServiceEntry")
"""Kinds to which policies are attached that are about workloads."""


class Answering(Protocol):
    """Which services workloads answer for."""

    @property
    def moved(self) -> AbstractSet[Name]:
        """Workloads that answer for other services, or for services that are others, than before."""
        ...

    @property
    def running(self) -> Selection[Workload]:
        """Workloads by their labels."""
        ...

    def answering(self, name: Name) -> tuple[Workload, ...]:
        """The workloads that answer for a service."""
        ...

    def services_of(self, workload: Workload) -> tuple[Service, ...]:
        """All services that send calls to it."""
        ...


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
        self.changed: frozenset[Name] = frozenset()
        """Workloads whose guard is another one, by the last update."""
        self.gateway: Guard | None = None
        self.gateways: dict[Name, Guard] = {}
        """Gateways (and sets of listeners, by their keys) and native listeners that enforce something else than the
        usual, by name."""
        self.keys: Mapping[str, str] = {}
        """Key sets of issuers by their address (`flow.keys`); to be set before an update."""
        self._keyed = Keyed()
        self._policies = {kind: Policies(kind) for kind in KINDS}
        self.by_namespace: Index[str, Workload] = Index(lambda each: (each.name.namespace,), lambda name, _: name)
        """The workloads of each namespace."""
        self._settings: Settings | None = None
        self._authorizers: Mapping[Name, Authorizer] = {}

    def update(
        self,
        merge: Merge,
        workloads: Mapping[Name, Workload],
        moved: frozenset[Name],
        answering: Answering,
        services: Mapping[Name, Service],
        settings: Settings,
    ) -> None:
        """Put together again what a change concerns.

        Args:
            merge: what was merged now.
            workloads: those of now; `moved` differ, or are run for a service that differs.
            answering: for which services they answer.
            services: those of now, which name the accounts that may call.
            settings: of the mesh.
        """
        touched = self._take_policies(merge)
        is_everywhere = (
            settings is not self._settings
            or any(place.namespace == settings.root_namespace for place in touched)
            or bool(merge.changed.objects.get(Authorizer))
        )
        self._settings, self._authorizers = settings, typed(merge, Authorizer)
        self.by_namespace.update(workloads, moved)
        if is_everywhere:
            names: AbstractSet[Name] = workloads.keys() | moved
        else:
            names = moved | answering.moved
            names |= {each.name for place in touched for each in self._found(place, answering)}
        guards = [(name, self._guard(workloads.get(name), answering, services, settings)) for name in names]
        before, self.guards = self.guards, replaced(self.guards, guards)
        self.changed = frozenset(name for name in names if before.get(name) is not self.guards.get(name))
        if is_everywhere or touched or any(kind in merge.changed.objects for kind in (Gateway, ListenerSet)):
            self._guard_gateways(merge, settings)

    def _take_policies(self, merge: Merge) -> set[Place]:
        """Where a policy is another one than before."""
        tokens = RequestAuthentication
        changed = self._keyed.update(typed(merge, tokens), merge.changed.objects.get(tokens, ()), self.keys)
        touched = self._policies[tokens].take(self._keyed.policies, changed)
        return touched.union(
            *(policies.update(merge) for kind, policies in self._policies.items() if kind is not tokens)
        )

    def _found(self, place: Place, answering: Answering) -> Iterable[Workload]:
        """The workloads that policies of a place may be about."""
        if place.target is not None:
            return answering.answering(place.target.name) if place.target.kind in SERVICES else ()
        if place.selector:
            return answering.running.select(place.namespace, place.selector)
        return self.by_namespace.get(place.namespace)

    def unused(self, kind: type[Object]) -> Iterator[Any]:
        """Policies of a kind that are about no workload and not about the gateway."""
        guards = (*self.guards.values(), *self.gateways.values(), self.gateway)
        used = {id(each) for guard in guards if guard for each in _said_in(guard)}
        yield from (each for each in self._policies[kind] if id(each) not in used)

    def _guard(
        self, workload: Workload | None, answering: Answering, services: Mapping[Name, Service], settings: Settings
    ) -> Guard | None:
        if workload is None:
            return None
        own = None if workload.is_bare else services.get(workload.service)
        answered = answering.services_of(workload)
        names = frozenset(Target(kind=kind, name=each.name) for each in answered for kind in SERVICES)
        said = self._said(Subject(workload.name.namespace, workload.labels, names), settings)
        return _guard(
            workload,
            own.allow if own is not None else None,
            own.policy.rate_limit if own is not None else None,
            tuple(_spoken(port, answered, len(workload.ports) == 1) for port in workload.ports),
            tuple(each.name for each in answered) or (workload.service,),
            said,
        )

    def _guard_gateways(self, merge: Merge, settings: Settings) -> None:
        root, labels = settings.root_namespace, settings.gateway_labels
        usual = _at_gateway(self._said(Subject(root, labels), settings))
        before = (self.gateway, *self.gateways.values())
        known = {Said(**each.fields()): each for each in before if each is not None and each.labels == labels}
        self.gateway = _of_gateway(known, usual, settings)
        found: dict[Name, Guard] = {}
        for each in typed(merge, Gateway).values():
            names = frozenset(
                (
                    Target(kind="Gateway", name=each.name),
                    Target(kind="GatewayClass", name=Name(root, each.class_name)),
                )
            )
            subject = Subject(each.name.namespace, labels_of_gateway(each.name), names, root_labels=labels)
            found |= _unusual(each.name, _at_gateway(self._said(subject, settings)), usual, known, settings)
        for added in typed(merge, ListenerSet).values():
            if added.parent in found:
                found[added.key] = found[added.parent]
        for target, spaces in self._attached_to_listeners():
            others = tuple(space for space in spaces if space != root)
            subject = Subject(root, labels, frozenset((target,)), others=others)
            found |= _unusual(target.name, _at_gateway(self._said(subject, settings)), usual, known, settings)
        if found != self.gateways:
            self.gateways = found

    def _attached_to_listeners(self) -> list[tuple[Target, tuple[str, ...]]]:
        """Native listeners that policies are attached to, and the namespaces of these policies."""
        found: dict[Target, set[str]] = {}
        for policy in chain.from_iterable(self._policies.values()):
            for target in getattr(policy, "targets", ()):
                if target.kind == LISTENER:
                    found.setdefault(target, set()).add(policy.name.namespace)
        return [(target, tuple(sorted(spaces))) for target, spaces in found.items()]

    @property
    def alike(self) -> dict[Name, Name]:
        """Gateways that enforce something else than the usual, with the first that enforces the very same."""
        first: dict[Guard, Name] = {}
        return {name: first.setdefault(self.gateways[name], name) for name in sorted(self.gateways)}

    def _said(self, subject: Subject, settings: Settings) -> Said:
        root, namespace = settings.root_namespace, subject.namespace
        found = {kind: policies.about(root, subject) for kind, policies in self._policies.items()}
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
            proxy=_widest_first(found[ProxySettings], namespace),
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


def _widest_first(found: tuple[Narrowed, ...], namespace: str) -> tuple[Narrowed, ...]:
    """The narrowest last: what it says of the same counts more."""
    return tuple(sorted(found, key=lambda each: (each.name.namespace == namespace, bool(each.selector))))


def _scope(scopes: tuple[Scope, ...], namespace: str) -> Scope | None:
    """One with a selector, or else that of the namespace, or else that of the mesh (Istio, Sidecar)."""
    own = [each for each in scopes if each.name.namespace == namespace]
    selecting = [each for each in own if each.selector]
    rest = [each for each in own if not each.selector] + [each for each in scopes if each not in own]
    return next(iter((*selecting, *rest)), None)


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
    return Guard(
        workload=workload.name,
        origin=workload.origin,
        service=workload.service,
        account=workload.account,
        answers=answers,
        labels=workload.labels,
        ports=ports,
        allow=allow,
        rate_limit=rate_limit,
        **said.fields(),
    )


def labels_of_gateway(name: Name) -> Labels:
    """What selectors in its own namespace find a gateway of Gateway API by, as if it had proxies of its own there."""
    return ((GATEWAY_NAME, name.name),)


def _at_gateway(said: Said) -> Said:
    """Without what is only about sidecars."""
    return replace(said, peer_mode=PeerMode.STRICT, port_modes=(), scope=None)


def _unusual(name: Name, said: Said, usual: Said, known: dict[Said, Guard], settings: Settings) -> dict[Name, Guard]:
    """What is enforced at one gateway (or listener), if it is something else than at all others.

    One process serves all of them, so what is said about that is said by the usual ones.
    """
    said = replace(said, proxy=usual.proxy)
    guard = _of_gateway(known, said, settings)
    return {name: guard} if guard is not None and said != usual else {}


def _of_gateway(known: dict[Said, Guard], said: Said, settings: Settings) -> Guard | None:
    """What a gateway enforces, the same object as long as it is the same; None: nothing."""
    if said == Said():
        return None
    if said not in known:
        known[said] = Guard(
            workload=GATEWAY,
            origin=settings.origin,
            service=GATEWAY,
            account=GATEWAY.name,
            labels=settings.gateway_labels,
            **said.fields(),
        )
    return known[said]


def _said_in(guard: Guard) -> Iterator[object]:
    for field in ("access", "tokens", "telemetry", "patches", "plugins", "proxy"):
        yield from getattr(guard, field)


def _spoken(port: Port, services: tuple[Service, ...], is_only: bool) -> Port:
    """A port of a workload with the protocol that the services say which send calls there."""
    found = [
        each
        for service in services
        for each in service.ports
        if serves(port.name, port.number, each) or (is_only and len(service.ports) == 1)
    ]
    # Of TCP and UDP on one number each has its own; otherwise the first service decides.
    said = next((each for each in found if each.is_udp == port.is_udp), found[0] if found else port)
    return port if said.protocol is port.protocol else replace(port, protocol=said.protocol)

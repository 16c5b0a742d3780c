"""Policies that are about nothing: their selectors select no workload, or what they are attached to does not exist."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeAlias

from tulle.flow.advisors.base import (
    LISTENERS,
    NATIVE,
    SERVICES,
    Advised,
    Key,
    Ledger,
    World,
    anywhere,
    gateway_key,
    labelled,
)
from tulle.flow.guarding import GATEWAY_NAME
from tulle.flow.joining import typed
from tulle.flow.references import shown
from tulle.model.extensions import EnvoyPatches, ProxySettings, Scope, Telemetry, WasmPlugin
from tulle.model.findings import Finding, did_you_mean
from tulle.model.names import Name
from tulle.model.objects import Gateway, GatewayClass
from tulle.model.security import LISTENER, AccessPolicy, PeerAuthentication, RequestAuthentication, Target

Policy: TypeAlias = (
    AccessPolicy
    | PeerAuthentication
    | RequestAuthentication
    | Scope
    | Telemetry
    | EnvoyPatches
    | WasmPlugin
    | ProxySettings
)
KINDS: tuple[type[Policy], ...] = (
    AccessPolicy,
    PeerAuthentication,
    RequestAuthentication,
    Scope,
    Telemetry,
    EnvoyPatches,
    WasmPlugin,
    ProxySettings,
)


class Policies:
    """Looks at every policy by itself."""

    def __init__(self) -> None:
        self._ledgers: dict[type[Policy], Ledger[Policy]] = {kind: Ledger(advise) for kind in KINDS}

    def update(self, world: World) -> None:
        """Look again at what changed."""
        for kind, ledger in self._ledgers.items():
            ledger.track(typed(world.merge, kind), world.changed(kind), world)

    def findings(self) -> Iterable[Finding]:
        """About every policy that is about nothing."""
        return (finding for ledger in self._ledgers.values() for finding in ledger.findings())


ADVISOR = Policies


def advise(policy: Policy, world: World) -> Advised:
    """Look at one policy."""
    targets: tuple[Target, ...] = getattr(policy, "targets", ())
    keys: set[Key] = set()
    if targets:
        return Advised(tuple(_about_targets(policy, targets, world, keys)), tuple(keys))
    if not policy.selector:
        return _about_namespace(policy, world)
    keys.add(world.reach(policy.name.namespace, policy.selector))
    keys.update(gateway_key(Name("", value)) for key, value in policy.selector if key == GATEWAY_NAME)
    # Hints are about labels of others in the namespace, and about others with these labels.
    found = tuple(_about_selector(policy, world))
    if found:
        keys.add(world.reach(policy.name.namespace, ()))
        keys.update(anywhere(policy.selector))
    return Advised(found, tuple(keys))


def _about_namespace(policy: Policy, world: World) -> Advised:
    """A policy for everybody, in a namespace where nobody is."""
    namespace = policy.name.namespace
    if namespace == world.settings.root_namespace:
        return Advised()
    keys = frozenset((world.reach(namespace, ()), LISTENERS))
    is_for_gateways = not isinstance(policy, PeerAuthentication | Scope) and any(
        each.name.namespace == namespace for each in world.table(Gateway).values()
    )
    if is_for_gateways or next(world.selected(namespace, ()), None) is not None:
        return Advised(keys=keys)
    message = f"{policy.origin.subject}: it selects nothing: no workload runs in namespace {namespace}"
    return Advised((Finding.warning(policy.origin, message),), keys)


def _about_selector(policy: Policy, world: World) -> Iterator[Finding]:
    namespace, selector = policy.name.namespace, policy.selector
    if next(world.selected(namespace, selector), None) is not None:
        return
    root, gateway = world.settings.root_namespace, world.settings.gateway_labels
    if namespace == root and set(selector) <= set(gateway):
        return
    if _selects_gateway(policy, world):
        return
    where = "" if namespace == root else f" in namespace {namespace}"
    message = f"it selects nothing: no workload{where} has {labelled(selector)}{_hint(policy, world)}"
    origin = policy.selector_origin or policy.origin
    yield Finding.warning(origin, f"{policy.origin.subject}: {message}")


def _selects_gateway(policy: Policy, world: World) -> bool:
    """Whether it selects what would run for gateways of Gateway API; in the root namespace for those of any."""
    spaces = {
        each.name.namespace
        for each in world.table(Gateway).values()
        if (GATEWAY_NAME, each.name.name) in policy.selector
    }
    is_only = all(key == GATEWAY_NAME for key, _ in policy.selector)
    return is_only and (
        policy.name.namespace in spaces or (bool(spaces) and policy.name.namespace == world.settings.root_namespace)
    )


def _hint(policy: Policy, world: World) -> str:
    """Where such workloads are, or which label was meant."""
    namespace, selector = policy.name.namespace, policy.selector
    root, gateway = world.settings.root_namespace, world.settings.gateway_labels
    if set(selector) <= set(gateway):
        return f"; the gateway has, for policies of namespace {root}"
    spaces = [space for space in world.guarding.by_namespace if world.joining.running.select(space, selector)]
    if spaces:
        return f"; there are some in namespace {sorted(spaces)[0]}, where the policy would have to be"
    if world.joining.entries.select(namespace, selector):
        return "; a WorkloadEntry has, but what it stands for enforces nothing of this mesh"
    for key, value in selector:
        values = {dict(each.labels).get(key, "") for each in world.selected(namespace, ())} - {""}
        if value not in values:
            return did_you_mean(value, sorted(values))
    return ""


def _about_targets(policy: Policy, targets: tuple[Target, ...], world: World, keys: set[Key]) -> Iterator[Finding]:
    for target in targets:
        if _exists(target, world, keys):
            yield from _about_sharing(policy, target, targets, world, keys)
            continue
        what = f'{target.kind} "{shown(target.name, policy.name.namespace)}"'
        if target.kind == LISTENER:
            what = f'listener "{target.name.name}"'
        message = f"it is attached to {what}, which does not exist"
        origin = target.origin if target.origin.file else policy.origin
        yield Finding.warning(origin, f"{policy.origin.subject}: {message}")


def _about_sharing(
    policy: Policy, target: Target, targets: tuple[Target, ...], world: World, keys: set[Key]
) -> Iterator[Finding]:
    """What is enforced is the same for all listeners of a port."""
    if target.kind != LISTENER:
        return
    keys.add(gateway_key(NATIVE))
    listener = world.merge.listeners.table[target.name]
    chosen = {each.name for each in targets}
    for other in world.listeners.get(NATIVE):
        if (other.address, other.port) == (listener.address, listener.port) and other.name not in chosen:
            message = f'it holds for listener "{other.name.name}" too, which shares port {other.port} with'
            yield Finding.warning(policy.origin, f'{policy.origin.subject}: {message} "{target.name.name}"')


def _exists(target: Target, world: World, keys: set[Key]) -> bool:
    match target.kind:
        case "Gateway":
            keys.add(gateway_key(target.name))
            return world.has_gateway(target.name)
        case "Listener":
            keys.add(gateway_key(target.name))
            return target.name in world.merge.listeners.table
        case "GatewayClass":
            keys.add(gateway_key(Name("", target.name.name)))
            return target.name.name in {each.name for each in world.table(GatewayClass).values()}
        case "ServiceEntry":
            # Its services are called by their hosts; the name of the object is that of its documents.
            keys.add(SERVICES)
            parts = (world.merge.declared.part_of(name) for name in world.merge.declared.table)
            return any(part.key.name == target.name for part in parts)
        case _:
            keys.add(target.name)
            return target.name in world.services

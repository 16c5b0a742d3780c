"""Access policies where there is nothing to enforce them by: datagrams, and connections of which an authorizer knows
nothing because it is asked in HTTP (as in Istio, those pass)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tulle.flow.advisors.base import LISTENERS, NATIVE, Advised, Key, Ledger, World, workloads_of
from tulle.flow.joining import typed
from tulle.model.findings import Finding
from tulle.model.guards import Guard
from tulle.model.listeners import Listener, ListenerProtocol, TlsHandling
from tulle.model.security import AccessAction, AccessPolicy
from tulle.model.services import Protocol

MOST_NAMED = 3
ENDS_TLS = frozenset((TlsHandling.TERMINATE, TlsHandling.MESH))
Open = tuple[str, bool]
"""A place by its name, and whether it takes datagrams."""


class Connections:
    """Looks at every policy by itself."""

    def __init__(self) -> None:
        self._ledger: Ledger[AccessPolicy] = Ledger(advise)

    def update(self, world: World) -> None:
        """Look again at what changed."""
        self._ledger.track(typed(world.merge, AccessPolicy), world.changed(AccessPolicy), world)

    def findings(self) -> Iterable[Finding]:
        """About every policy with a place where it is not enforced."""
        return self._ledger.findings()


ADVISOR = Connections


def advise(policy: AccessPolicy, world: World) -> Advised:
    """Look at one policy."""
    namespace = policy.name.namespace
    keys: set[Key] = {LISTENERS, world.reach(namespace, policy.selector), workloads_of(namespace)}
    if policy.is_dry_run:
        return Advised((), frozenset(keys))
    found = [*_at_workloads(policy, world), *_at_gateways(policy, world)]
    findings = [_finding(policy, [name for name, is_udp in found if is_udp is kind], kind) for kind in (True, False)]
    return Advised(tuple(each for each in findings if each is not None), frozenset(keys))


def _at_workloads(policy: AccessPolicy, world: World) -> Iterator[Open]:
    namespace, guards = policy.name.namespace, world.guarding.guards
    # What a policy is attached to is in its own namespace.
    workloads = world.guarding.by_namespace.get(namespace) if policy.targets else ()
    for each in workloads or world.selected(namespace, policy.selector):
        guard = guards.get(each.name)
        if guard is None or policy not in guard.access:
            continue
        for port in guard.ports:
            place = f"port {port.number} of {each.name.name}"
            if port.protocol is Protocol.UDP and _is_about(policy, port.number):
                yield place, True
            elif not port.protocol.is_http and _is_about(policy, port.number) and _asks_in_http(policy, guard):
                yield place, False


def _at_gateways(policy: AccessPolicy, world: World) -> Iterator[Open]:
    for name in sorted({*world.listeners, NATIVE}):
        guard = world.guarding.gateways.get(name) or world.guarding.gateway
        if guard is None or policy not in guard.access:
            continue
        for listener in world.listeners.get(name):
            number = listener.declared_port or listener.port
            if not _is_about(policy, number):
                continue
            if listener.protocol is ListenerProtocol.UDP:
                yield f"port {number} of the gateway", True
            elif not _reads_http(listener) and _asks_in_http(policy, guard):
                yield f"port {number} of the gateway", False


def _reads_http(listener: Listener) -> bool:
    if listener.protocol is ListenerProtocol.HTTP:
        return True
    return listener.protocol is ListenerProtocol.HTTPS and listener.tls in ENDS_TLS


def _asks_in_http(policy: AccessPolicy, guard: Guard) -> bool:
    """Whether it leaves the decision to somebody who only knows requests."""
    if policy.action is not AccessAction.CUSTOM:
        return False
    return any(each.name == policy.provider and not each.check.is_grpc for each in guard.authorizers)


def _is_about(policy: AccessPolicy, number: int) -> bool:
    """Whether a rule is about this port (or about all)."""
    operations = [rule.operations for rule in policy.rules]
    asked = [each.ports for those in operations for each in those]
    return any(not those for those in operations) or any(
        not each.values or str(number) in each.values for each in asked
    )


def _finding(policy: AccessPolicy, places: list[str], is_udp: bool) -> Finding | None:
    if not places:
        return None
    distinct = list(dict.fromkeys(places))
    rest = len(distinct) - MOST_NAMED
    where = ", ".join(distinct[:MOST_NAMED]) + (f" and {rest} more" if rest > 0 else "")
    if is_udp:
        why = f"it is not enforced at {where}: nobody can be refused there by UDP"
    else:
        why = (
            f'authorizer "{policy.provider}" is not asked at {where}: connections without HTTP need one that speaks '
            "gRPC, and pass until then"
        )
    return Finding.warning(policy.origin, f"{policy.origin.subject}: {why}")

"""Which listeners of gateways and listener sets count, where they are, and what is wrong with the others. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from tulle.flow.listener_references import Fault, Inventory, client_certificate, resolve_listener
from tulle.flow.placement import Occupied, conflicts, moved
from tulle.flow.surroundings import Surroundings, seen
from tulle.kit.memo import remember
from tulle.model.findings import Finding
from tulle.model.listeners import Listener
from tulle.model.names import Name
from tulle.model.objects import Gateway, ListenerSet

FATAL = frozenset(("Accepted", "Conflicted", "Programmed"))
"""Conditions without which a listener does not listen."""
LOOPBACK = "127.0.0.1"
Group = tuple[Name, Sequence[Listener]]
"""A gateway or set, and its listeners."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrangement:
    """What became of all listeners."""

    usable: Mapping[Name, Listener]
    """By name, where they really are; listeners that belong to no gateway of Gateway API are here as they were."""
    sections: Mapping[Name, tuple[Listener, ...]]
    """By gateway or set, all of them."""
    unusable: frozenset[Name]
    faults: Mapping[Name, tuple[Fault, ...]]
    """What is wrong, by listener."""
    set_faults: Mapping[Name, Fault]
    """Why a set was not added to its gateway, by its key."""
    client_faults: Mapping[Name, Fault] = field(default_factory=dict)
    """Why a gateway shows no certificate to backends, though it was written, by its name."""
    findings: tuple[Finding, ...]

    def surroundings(self, around: Surroundings) -> Surroundings:
        """What routes need to know, now that listeners are known."""
        return replace(around, listeners=self.sections, unusable=self.unusable)


@dataclass(slots=True)
class _Work:
    """What is found out on the way."""

    around: Surroundings
    occupied: Occupied = field(default_factory=Occupied)
    free: list[Listener] = field(default_factory=list)
    """Those of no gateway."""
    own: dict[Name, list[Listener]] = field(default_factory=dict)
    """Those of Gateway API, by gateway or set, before they have their place."""
    sections: dict[Name, list[Listener]] = field(default_factory=dict)
    faults: dict[Name, list[Fault]] = field(default_factory=dict)
    set_faults: dict[Name, Fault] = field(default_factory=dict)
    client_faults: dict[Name, Fault] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def fault(self, listener: Listener, condition: str, reason: str, message: str) -> None:
        self.faults.setdefault(listener.name, []).append((condition, reason, message))

    def is_usable(self, listener: Listener) -> bool:
        return not any(condition in FATAL for condition, _, _ in self.faults.get(listener.name, ()))


def arrange(inventory: Inventory) -> Arrangement:
    """Decide about every listener."""
    around = inventory.around
    owners = {key: each.parent for key, each in around.sets.items()}
    work = _Work(around, Occupied(owners, inventory.guarded))
    _sort_out(inventory, work)
    added = _sets_by_gateway(work)
    shown = _client_certificates(inventory, work)
    for gateway in sorted(around.gateways.values(), key=lambda each: (not _is_placed(each, work), _age(each))):
        _arrange_gateway(gateway, added.get(gateway.name, []), work)
    for key, (_, reason, message) in work.set_faults.items():
        for listener in work.own.get(key, ()):
            work.fault(listener, "Accepted", reason, message)
        work.sections[key] = work.own.get(key, [])
    for gateway_name, secret in shown.items():
        for key in (gateway_name, *(each.key for each in added.get(gateway_name, ()))):
            work.sections[key] = [showing(each, secret) for each in work.sections.get(key, ())]
    everything = [*work.free, *(each for listeners in work.sections.values() for each in listeners)]
    return Arrangement(
        usable={each.name: each for each in everything if work.is_usable(each)},
        sections={key: tuple(listeners) for key, listeners in work.sections.items()},
        unusable=frozenset(each.name for each in everything if not work.is_usable(each)),
        faults={name: tuple(faults) for name, faults in work.faults.items() if faults},
        set_faults=work.set_faults,
        client_faults=work.client_faults,
        findings=tuple(work.findings),
    )


def _client_certificates(inventory: Inventory, work: _Work) -> dict[Name, Name]:
    """The secrets that gateways show to backends; those that they cannot show are noted."""
    found: dict[Name, Name] = {}
    for gateway in inventory.around.gateways.values():
        secret, fault, findings = client_certificate(gateway, inventory)
        work.findings += findings
        if secret is not None:
            found[gateway.name] = secret
        if fault is not None:
            work.client_faults[gateway.name] = fault
    return found


@remember(size=4)
def showing(listener: Listener, secret: Name) -> Listener:
    """A listener of a gateway that shows a certificate to backends."""
    return replace(listener, shown_secret=secret)


def _sort_out(inventory: Inventory, work: _Work) -> None:
    """Listeners of Gateway API, and all others, which stay where they are."""
    around = inventory.around
    for listener in inventory.listeners:
        gateway = listener.gateway
        if gateway is None:
            work.occupied.take(listener)
            work.free.append(listener)
            continue
        resolution = resolve_listener(listener, inventory)
        work.faults[listener.name] = resolution.faults
        work.findings += resolution.findings
        if gateway in around.gateways or gateway in around.sets:
            work.own.setdefault(gateway, []).append(resolution.listener)
            continue
        work.sections.setdefault(gateway, []).append(resolution.listener)
        if work.is_usable(listener):
            work.occupied.take(resolution.listener)


def _age(thing: Gateway | ListenerSet) -> tuple[bool, str, Name]:
    """The oldest first; things without an age after those with one, by name."""
    return not thing.created, thing.created, thing.name


def _is_placed(gateway: Gateway, work: _Work) -> bool:
    """Whether a gateway says itself where it is."""
    return any(each.has_own_addresses for each in work.own.get(gateway.name, ()))


def _sets_by_gateway(work: _Work) -> dict[Name, list[ListenerSet]]:
    """The sets that gateways take, the oldest first; the others are noted."""
    found: dict[Name, list[ListenerSet]] = {}
    for each in sorted(work.around.sets.values(), key=_age):
        fault = _set_fault(each, work.around)
        if fault is None:
            found.setdefault(each.parent, []).append(each)
            continue
        work.set_faults[each.key] = fault
        origin = each.parent_origin or each.origin
        work.findings.append(Finding.warning(origin, f"{each.origin.subject}: {fault[2]}"))
    return found


def _set_fault(listener_set: ListenerSet, around: Surroundings) -> Fault | None:
    """Why a set cannot be added to its gateway."""
    gateway, home = around.gateways.get(listener_set.parent), listener_set.name.namespace
    shown = f'gateway "{seen(listener_set.parent, home)}"'
    if gateway is None:
        return "Accepted", "ParentNotAccepted", f"{shown} does not exist"
    if gateway.sets_from is None or not around.admits(gateway.sets_from, home):
        return "Accepted", "NotAllowed", f"{shown} takes no listener sets of namespace {home} (allowedListeners)"
    if gateway.problems:
        return "Accepted", "ParentNotAccepted", f"{shown} is not accepted"
    return None


def _arrange_gateway(gateway: Gateway, sets: Sequence[ListenerSet], work: _Work) -> None:
    """Decide about the listeners of one gateway, and of the sets that were added to it."""
    listeners = work.own.get(gateway.name, [])
    for _, reason, message in gateway.problems:
        for listener in listeners:
            work.fault(listener, "Accepted", reason, message)
    addresses = tuple(dict.fromkeys(each.address for each in listeners))
    for address in addresses:
        there = [each for each in listeners if each.address == address and work.is_usable(each)]
        for listener, reason in list(conflicts(there)):
            _note_conflict(listener, reason, "another listener of this gateway", work)
    groups: list[Group] = [(gateway.name, listeners), *((each.key, work.own.get(each.key, [])) for each in sets)]
    if not _is_placed(gateway, work):
        usable = [each for _, all_ in groups for each in all_ if work.is_usable(each)]
        addresses = (work.occupied.room(usable) or LOOPBACK,)
    _settle(groups, addresses, work)


def _settle(groups: Sequence[Group], addresses: tuple[str, ...], work: _Work) -> None:
    """Put listeners at their addresses; of those that cannot be there together the earlier ones count."""
    for key, listeners in groups:
        placed = work.sections.setdefault(key, [])
        for listener in listeners:
            own = (listener.address,) if listener.has_own_addresses else addresses
            for index, address in enumerate(own):
                there = _at(listener, address, index, work)
                placed.append(there)
                if not work.is_usable(there):
                    continue
                if reason := work.occupied.conflict(there, address):
                    _note_conflict(there, reason, f"one that is older, at {address}", work)
                else:
                    work.occupied.take(there)


def _at(listener: Listener, address: str, index: int, work: _Work) -> Listener:
    """A listener at an address; beyond the first address it is one more."""
    if index == 0:
        return listener if listener.address == address else moved(listener, address)
    there = moved(listener, address, f"@{address}")
    work.faults[there.name] = list(work.faults[listener.name])
    return there


def _note_conflict(listener: Listener, reason: str, rival: str, work: _Work) -> None:
    hosts = ", ".join("every host" if each.host == "*" else f"host {each.host}" for each in listener.hosts)
    what = hosts if reason == "HostnameConflict" else listener.protocol.upper()
    message = f"{what} on port {listener.declared_port or listener.port} cannot be told from {rival}"
    work.fault(listener, "Conflicted", reason, message)
    is_of_set = listener.gateway in work.around.sets
    for condition in ("Accepted", "Programmed"):
        work.fault(listener, condition, reason if is_of_set else "Invalid", message)
    origin = listener.origin
    work.findings.append(Finding.error(origin, f'{origin.subject}: listener "{listener.section}": {message}'))

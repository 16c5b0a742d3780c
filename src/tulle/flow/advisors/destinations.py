"""How clients treat hosts: hosts that no service has, subsets without workloads, two documents that say it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tulle.envoy.scope import host_key, is_exported
from tulle.flow.advisors.base import (
    EVERYWHERE,
    SECRETS,
    SERVICES,
    Advised,
    Key,
    Ledger,
    World,
    labelled,
    workloads_of,
)
from tulle.flow.endpoints import answering
from tulle.flow.references import shown
from tulle.kit.groups import Groups
from tulle.model.findings import Finding
from tulle.model.hostnames import covers
from tulle.model.names import CLUSTER_DOMAIN, Name, named
from tulle.model.objects import Secret
from tulle.model.policies import Policy, TlsMode
from tulle.model.security import PeerMode
from tulle.model.services import Destination, Service, Subset

SUFFIX = f".svc.{CLUSTER_DOMAIN}"


class Destinations:
    """Looks at every one by itself, and at all for one host together."""

    def __init__(self) -> None:
        self._ledger: Ledger[Destination] = Ledger(advise)
        self._known: dict[Name, Destination] = {}
        self._by_host: Groups[tuple[str, str], Name] = Groups()
        self._rivals: dict[tuple[str, str], tuple[Finding, ...]] = {}

    def update(self, world: World) -> None:
        """Look again at what changed."""
        changed, table = tuple(world.changed(Destination)), world.table(Destination)
        self._ledger.track(table, changed, world)
        again = set()
        for name in changed:
            before, now = self._known.pop(name, None), table.get(name)
            if before is not None:
                again.add(_place(before))
                self._by_host.remove(_place(before), name)
            if now is not None:
                again.add(_place(now))
                self._known[name] = now
                self._by_host.add(_place(now), name)
        for place in again:
            group = sorted(
                map(self._known.__getitem__, self._by_host.get(place)), key=lambda each: (each.created, each.name)
            )
            if len(group) > 1:
                self._rivals[place] = tuple(_rivals(group))
            else:
                self._rivals.pop(place, None)

    def findings(self) -> Iterable[Finding]:
        """About everything that has no effect."""
        yield from self._ledger.findings()
        for found in self._rivals.values():
            yield from found


ADVISOR = Destinations


def advise(destination: Destination, world: World) -> Advised:
    """Look at one of them."""
    keys: set[Key] = set()
    services = tuple(_services(destination, world, keys))
    found = list(_about_host(destination, services, world))
    for service in services[:1]:
        if not destination.host.startswith("*"):
            found += _about_ports(destination, service)
            found += _about_subsets(destination, service, world)
            found += _about_encryption(destination, service, world, keys)
    found += _about_secrets(destination, services, world, keys)
    return Advised(tuple(found), tuple(keys))


def _place(destination: Destination) -> tuple[str, str]:
    return destination.name.namespace, destination.host


def _services(destination: Destination, world: World, keys: set[Key]) -> Iterator[Service]:
    """The services that have its host."""
    host = destination.host
    if host.startswith("*"):
        keys.add(SERVICES)
        yield from (each for each in world.services.values() if any(covers(host, known) for known in each.full_hosts))
        return
    keys.add(host_key(host))
    name = _service_name(host)
    if name is not None:
        keys.add(name)
    service = world.by_host(host, destination.name.namespace) or (
        world.services.get(name) if name is not None else None
    )
    if service is not None:
        keys.add(service.name)
        yield service


def _service_name(host: str) -> Name | None:
    name, dot, namespace = host.removesuffix(SUFFIX).partition(".")
    return named(namespace, name) if host.endswith(SUFFIX) and dot else None


def _about_host(destination: Destination, services: tuple[Service, ...], world: World) -> Iterator[Finding]:
    if services or destination.host == "*":
        return
    host, name = destination.host, _service_name(destination.host)
    if name is not None:
        hint = world.service_hint(name, destination.name.namespace)
        what = f'service "{shown(name, destination.name.namespace)}" does not exist'
    else:
        hint = world.host_hint(host) or _maybe_short(host, world)
        what = f'no service has the host "{host}"'
    yield _finding(destination, f"{what}, so nothing is called as this document says{hint}")


def _maybe_short(host: str, world: World) -> str:
    """`reviews.shop` is a complete host name for Istio, and not that of a service."""
    name, _, namespace = host.partition(".")
    if Name(namespace, name) in world.services:
        return f'; did you mean "{host}{SUFFIX}"?'
    return ""


def _about_ports(destination: Destination, service: Service) -> Iterator[Finding]:
    known = [port.number for port in service.ports]
    numbers = dict.fromkeys(number for number, _ in destination.port_policies)
    for number in numbers:
        if number not in known:
            has = ", ".join(map(str, known)) or "none"
            message = f"it says how port {number} is called, and service {_quoted(service, destination)} has {has}"
            yield _finding(destination, message)


def _about_subsets(destination: Destination, service: Service, world: World) -> Iterator[Finding]:
    answering = world.joining.answering(service.name)
    known = [
        frozenset(labels) for labels in (*(it.labels for it in answering), *(it.labels for it in service.addresses))
    ]
    for subset in destination.subsets if known else ():
        if not any(labels.issuperset(subset.labels) for labels in known):
            yield _empty(destination, subset, service, [dict(labels) for labels in known])


def _empty(destination: Destination, subset: Subset, service: Service, known: list[dict[str, str]]) -> Finding:
    keys = [key for key, _ in subset.labels]
    there = sorted({labelled(tuple((key, labels[key]) for key in keys if key in labels)) for labels in known} - {""})
    has = f"; there are {' and '.join(there[:5])}" if there else f"; none has the label {' or '.join(keys)}"
    origin = subset.origin if subset.origin.file else destination.origin
    message = (
        f'subset "{subset.name}" is empty: nothing that answers for {_quoted(service, destination)} has '
        f"{labelled(subset.labels)}{has}"
    )
    return Finding.warning(origin, f"{destination.origin.subject}: {message}")


def _about_encryption(destination: Destination, service: Service, world: World, keys: set[Key]) -> Iterator[Finding]:
    """Calls that workloads refuse, because they take mutual TLS of the mesh only."""
    by_port = dict(destination.port_policies)
    for port in service.ports:
        policy = by_port.get(port.number, destination.policy)
        if policy is None or policy.tls is None or policy.tls.mode is TlsMode.MESH or port.is_udp:
            continue
        keys.add(workloads_of(service.name.namespace))
        for workload in world.joining.answering(service.name):
            guard = world.guarding.guards.get(workload.name)
            own = answering(port, guard.ports) if guard is not None else None
            if guard is not None and own is not None and guard.mode(own.number) is PeerMode.STRICT:
                wanted = "no TLS" if policy.tls.mode is TlsMode.DISABLE else "TLS without the certificates of the mesh"
                message = (
                    f"it has port {port.number} of service {_quoted(service, destination)} called by {wanted}, and "
                    f"{workload.name} takes only mutual TLS, so these calls fail; remove its tls, or say PERMISSIVE "
                    "in a PeerAuthentication"
                )
                yield _finding(destination, message)
                return


def _about_secrets(
    destination: Destination, services: tuple[Service, ...], world: World, keys: set[Key]
) -> Iterator[Finding]:
    """Certificates for calls that are not there, or that not everybody gets."""
    seen: set[Name] = set()
    for policy in _policies(destination):
        secret = policy.tls.secret if policy.tls is not None else None
        if secret is None or secret in seen:
            continue
        seen.add(secret)
        keys.add(SECRETS)
        if secret not in world.table(Secret):
            message = f'secret "{shown(secret, destination.name.namespace)}" does not exist; these calls fail'
            yield _finding(destination, message)
        elif policy.tls is not None and policy.tls.mode is TlsMode.MUTUAL:
            keys.add(EVERYWHERE)
            others = [space for space in sorted(world.guarding.by_namespace) if space != secret.namespace]
            refused = [space for space in others if _is_for(destination, services, space, world)]
            if refused:
                message = f"sidecars of other namespaces ({', '.join(refused)}) do not get the key of secret"
                remedy = 'their calls fail; write exportTo: ["."], and give them a rule and a secret of their own'
                yield _finding(destination, f'{message} "{secret.name}": {remedy}')


def _is_for(destination: Destination, services: tuple[Service, ...], namespace: str, world: World) -> bool:
    """Whether calls of another namespace may be made as it says: it is beside the service, or in the root namespace."""
    home = destination.name.namespace
    if destination.clients or not is_exported(destination.exports, home, namespace):
        return False
    seen = [each for each in services if is_exported(each.exports, each.name.namespace, namespace)]
    return any(home in {each.name.namespace, world.settings.root_namespace} for each in seen)


def _policies(destination: Destination) -> Iterator[Policy]:
    if destination.policy is not None:
        yield destination.policy
    yield from (policy for _, policy in destination.port_policies)
    for subset in destination.subsets:
        if subset.policy is not None:
            yield subset.policy
        yield from (policy for _, policy in subset.port_policies)


def _rivals(group: list[Destination]) -> Iterator[Finding]:
    """Of several in one namespace for one host (and the same clients), the oldest says it."""
    policies: dict[tuple[tuple[str, str], ...], Destination] = {}
    subsets: dict[tuple[tuple[tuple[str, str], ...], str], Destination] = {}
    for each in group:
        if each.policy is not None:
            first = policies.setdefault(each.clients, each)
            if first is not each:
                message = f"its trafficPolicy is not used: {_shown(first)} has one for the same host, and comes first"
                yield _finding(each, message)
        for subset in each.subsets:
            first = subsets.setdefault((each.clients, subset.name), each)
            if first is not each:
                origin = subset.origin if subset.origin.file else each.origin
                message = f'subset "{subset.name}" is not used: {_shown(first)} has one of this name for the same host'
                yield Finding.warning(origin, f"{each.origin.subject}: {message}, and comes first")


def _shown(destination: Destination) -> str:
    return f"{destination.origin.subject} ({destination.origin})"


def _quoted(service: Service, destination: Destination) -> str:
    return f'"{service.hosts[0] if service.hosts else shown(service.name, destination.name.namespace)}"'


def _finding(destination: Destination, message: str) -> Finding:
    return Finding.warning(destination.host_origin or destination.origin, f"{destination.origin.subject}: {message}")

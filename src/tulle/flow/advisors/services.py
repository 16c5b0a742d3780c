"""Services that nobody answers for, aliases that lead nowhere or to themselves, and hosts that another service has."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from tulle.envoy.scope import host_key
from tulle.flow.advisors.base import Advised, Key, Ledger, World, anywhere, labelled, workloads_of
from tulle.flow.endpoints import serves
from tulle.flow.joining import can_be_told
from tulle.flow.selection import Selection
from tulle.model.documents import Origin
from tulle.model.findings import Finding, did_you_mean
from tulle.model.names import CLUSTER_DOMAIN, Name
from tulle.model.services import Port, Service
from tulle.model.workloads import Template, Workload

SUFFIX = f".svc.{CLUSTER_DOMAIN}"
MOST_NAMED = 3


class Services:
    """Looks at every service by itself."""

    def __init__(self) -> None:
        self._ledger: Ledger[Service] = Ledger(self._advise)
        self._templates: Selection[Template] = Selection()

    def update(self, world: World) -> None:
        """Look again at what changed."""
        pairs = self._templates.update(world.table(Template), world.changed(Template))
        if pairs:
            world = replace(world, touched=world.touched | pairs)
        self._ledger.track(world.services, world.services_changed, world)

    def findings(self) -> Iterable[Finding]:
        """About every service that cannot be called."""
        return self._ledger.findings()

    def _advise(self, service: Service, world: World) -> Advised:
        keys: set[Key] = {service.name}
        found = [*_about_hosts(service, world, keys), *_about_names(service, world)]
        if service.alias:
            found += _about_alias(service, world, keys)
        elif (answering := world.joining.answering(service.name)) and not service.addresses:
            found += _about_ports(service, answering)
        elif not answering and not service.addresses:
            keys.update((service.name.namespace, key, value) for key, value in service.selector)
            # For hints.
            keys.update((workloads_of(service.name.namespace), *anywhere(service.selector)))
            found += () if found else self._about_nobody(service, world)
        return Advised(tuple(found), tuple(keys))

    def _about_nobody(self, service: Service, world: World) -> Iterator[Finding]:
        if not service.selector:
            # One that a native file runs is only without workloads if something was said about that already.
            if not service.hosts and service.name not in world.merge.services.table:
                message = "has nobody who answers: it has no selector, and no EndpointSlice says where it is"
                yield _finding(service, service.origin, message)
            return
        if _is_of_gateway(service, world):
            message = "selects the gateway, which is reached without it; calls of workloads to this reach nobody"
            yield _finding(service, service.selector_origin or service.origin, message)
            return
        templates = self._templates.select(service.name.namespace, service.selector)
        idle = [each for each in templates if each.name not in world.workloads]
        message = f"selects nothing that runs: no workload has the labels {labelled(service.selector)}"
        message += _of_templates(idle) if idle else _nearest(service, world)
        yield _finding(service, service.selector_origin or service.origin, message)


ADVISOR = Services


def _is_of_gateway(service: Service, world: World) -> bool:
    """Whether it is what Kubernetes has in front of the gateway."""
    settings = world.settings
    return service.name.namespace == settings.root_namespace and set(service.selector) <= set(settings.gateway_labels)


def _of_templates(idle: list[Template]) -> str:
    names = [each.origin.subject for each in idle[:MOST_NAMED]]
    names += [f"{len(idle) - len(names)} more"] if len(idle) > len(names) else []
    who = " and ".join((", ".join(names[:-1]), names[-1])) if len(names) > 1 else names[0]
    has, it = ("has", "it") if len(idle) == 1 else ("have", "them")
    remedy = ", ".join(f"{each.name.name}: {{command: …}}" for each in idle[:MOST_NAMED])
    return f"; {who} {has} them, but nothing here says how to run {it}: add workloads: {{{remedy}}}"


def _nearest(service: Service, world: World) -> str:
    """Which label was meant, or where such workloads are."""
    namespace = service.name.namespace
    for space in world.guarding.by_namespace:
        if space != namespace and world.joining.running.select(space, service.selector):
            return f"; there are some in namespace {space}, and a service only selects in its own, {namespace}"
    there = [dict(each.labels) for each in world.guarding.by_namespace.get(namespace)]
    for key, value in service.selector:
        values = {labels.get(key, "") for labels in there} - {""}
        if value not in values:
            return did_you_mean(value, sorted(values))
    return ""


def _about_ports(service: Service, answering: tuple[Workload, ...]) -> Iterator[Finding]:
    """Ports that lead to no port of any workload."""
    if not all(each.ports for each in answering):
        return
    for port in service.ports:
        if any(_leads(port, each) for each in answering):
            continue
        wanted = port.target if port.target is not None else port.number
        has = ", ".join(dict.fromkeys(str(known.number) for each in answering for known in each.ports))
        message = (
            f"has a port {port.number} that leads nowhere: {answering[0].name.name} has no port {wanted}; it has {has}"
        )
        yield _finding(service, service.origin, message)


def _leads(port: Port, workload: Workload) -> bool:
    if len(workload.ports) == 1:
        return True
    return any(each.name == port.name or serves(each.name, each.number, port) for each in workload.ports)


def _about_alias(service: Service, world: World, keys: set[Key]) -> Iterator[Finding]:
    """Follows the alias as far as it leads within the mesh."""
    seen = [service.name]
    host = service.alias
    while True:
        keys.add(host_key(host))
        owner = world.by_host(host, service.name.namespace)
        name = _service_name(host) if owner is None else owner.name
        if name is None:
            return
        keys.add(name)
        if name in seen:
            circle = " → ".join(each.name for each in (*seen[seen.index(name) :], name))
            message = f"leads back to itself ({circle}), so nobody answers"
            yield _finding(service, service.host_origin or service.origin, message)
            return
        target = world.services.get(name)
        if target is None:
            message = f'stands for "{host}", and there is no such service{world.service_hint(name, "")}'
            yield _finding(service, service.host_origin or service.origin, message)
            return
        if not target.alias:
            return
        seen.append(name)
        host = target.alias


def _service_name(host: str) -> Name | None:
    name, dot, namespace = host.removesuffix(SUFFIX).partition(".")
    return Name(namespace, name) if host.endswith(SUFFIX) and dot else None


def _about_hosts(service: Service, world: World, keys: set[Key]) -> Iterator[Finding]:
    for host in service.hosts:
        keys.add(host_key(host))
        names = world.joining.hosts.get(host, ())
        before = (world.services[name] for name in names[: names.index(service.name)] if name in world.services)
        first = next((each for each in before if _elsewhere(each, service)), None)
        if first is not None:
            message = f"says host {host}, which is that of {first.origin.subject} ({first.origin}) already"
            used = f"that one is used in other namespaces than {service.name.namespace}"
            yield _finding(service, service.host_origin or service.origin, f"{message}; {used}")


def _elsewhere(one: Service, other: Service) -> bool:
    """Whether both can be seen in a namespace that is none of theirs; in its own, each is the one that is meant."""
    first, second = ({*each.exports} - {".", each.name.namespace} for each in (one, other))
    return bool((first and "*" in second) or (second and "*" in first) or first & second)


def _about_names(service: Service, world: World) -> Iterator[Finding]:
    """Entries that are left out because they would have to be resolved."""
    for entry in world.joining.entries.select(service.name.namespace, service.selector):
        if not can_be_told(entry, service):
            message = (
                f'{entry.origin.subject} is left out of {service.origin.subject}: its address "{entry.address}" is a '
                "name, and names are only resolved for a ServiceEntry with resolution: DNS; write an IP address"
            )
            yield Finding.warning(entry.origin, message)


def _finding(service: Service, origin: Origin, message: str) -> Finding:
    return Finding.warning(origin, f"{service.origin.subject} {message}")

"""Looks at a running control plane on behalf of everybody who asks; changes nothing."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b

from tulle.envoy import patches
from tulle.flow.hosts import Hosts
from tulle.flow.publish import Proxy, Publisher
from tulle.flow.state import ProxyState
from tulle.flow.transitions import Transitions
from tulle.model.documents import BUILT_IN, Document, Origin
from tulle.model.findings import Finding
from tulle.model.mesh import Mesh
from tulle.model.statuses import ObjectKey, Place
from tulle.model.workloads import Instance, InstanceState
from tulle.xds.snapshot import LISTENER, Resource

SHORTEST_NAME = 3
"""Shorter ones could be parts of any sentence."""
UNCOMPILABLE = "cannot be compiled, and this is a mistake of tulle (the last good version is kept)"


@dataclass(slots=True)
class _Refused:
    """What was refused for one reason, and by whom."""

    message: str
    names: dict[str, None] = field(default_factory=dict)
    ids: dict[str, None] = field(default_factory=dict)


class Observer:
    """The `flow.state.State` of a control plane."""

    def __init__(self, publisher: Publisher, hosts: Hosts) -> None:
        self._publisher = publisher
        self._hosts = hosts
        self._transitions = Transitions()
        self._documents: Sequence[Document] = ()
        self.fault = ""
        """Why the newest documents could not be used, if that is so."""

    def built(self, mesh: Mesh, documents: Sequence[Document]) -> None:
        """A mesh was built of documents."""
        self._transitions.update(mesh.statuses)
        self._documents = documents

    @property
    def mesh(self) -> Mesh:
        """The desired state that is being published."""
        return self._publisher.mesh

    @property
    def documents(self) -> Sequence[Document]:
        """Every object as it was written, in the order in which they are read."""
        return self._documents

    @property
    def since(self) -> Mapping[ObjectKey, Mapping[Place, str]]:
        """Since when statuses are as they are, in RFC 3339."""
        return self._transitions.since

    @property
    def instances(self) -> tuple[Instance, ...]:
        """What the agents run, as they last reported it."""
        return self._hosts.instances

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Mistakes in documents, what proxies refused, instances that do not become ready, hosts that are away."""
        return (
            *self._faults(),
            *self.mesh.findings,
            *self._failures(),
            *self._refusals(),
            *self._patches(),
            *self._complaints(),
            *self._absences(),
        )

    @property
    def is_ready(self) -> bool:
        """Every desired replica is ready, and every proxy that should exist is connected and synced."""
        ready = Counter(each.workload for each in self.instances if each.state is InstanceState.READY)
        if any(ready[workload.name] < workload.replicas for workload in self.mesh.workloads.values()):
            return False
        # In the middle of a replacement, or stuck in it: enough old instances serve, but not what was asked for.
        if any(each.state not in {InstanceState.READY, InstanceState.DRAINING} for each in self.instances):
            return False
        if self.mesh.listeners and not any(plan.gateway for plan in self._publisher.plans.values()):
            return False
        # Asked again and again while thousands connect: no states are made of those.
        is_synced = all(map(self._is_synced, self._publisher.connected.values()))
        return is_synced and next(self._missing(), None) is None

    def proxies(self) -> tuple[ProxyState, ...]:
        """Every proxy that is connected or should be, by id."""
        states = {
            id: _connected(proxy, is_synced=self._is_synced(proxy)) for id, proxy in self._publisher.connected.items()
        }
        states |= {state.id: state for state in self._missing()}
        return tuple(states[id] for id in sorted(states))

    def _is_synced(self, proxy: Proxy) -> bool:
        """It has taken everything, and nothing follows when the others have.

        An Envoy that starts has asked for nothing, and then for its clusters only, until it has them.
        """
        guard = self.mesh.guards.get(proxy.instance.workload) if proxy.instance is not None else None
        session = proxy.session
        return session.is_synced and session.asks_for(LISTENER) and not (guard is not None and guard.eased)

    def _missing(self) -> Iterator[ProxyState]:
        """Proxies that should be connected and are not."""
        connected = self._publisher.connected
        for instance in self.instances:
            if instance.state is InstanceState.READY and instance.id not in connected:
                yield _absent(instance.id, "sidecar", str(instance.service), instance.host)
        for host, plan in self._publisher.plans.items():
            if plan.gateway is not None and f"gateway-{host}" not in connected:
                yield _absent(f"gateway-{host}", "gateway", str(plan.gateway.name), host)

    def _faults(self) -> Iterator[Finding]:
        """Mistakes of our own that concern more than one resource."""
        if self.fault:
            message = "the newest documents cannot be used (the last good state stays), and this is a mistake of tulle"
            yield Finding.error(BUILT_IN, f"{message}: {self.fault}")
        for id, proxy in self._publisher.connected.items():
            if proxy.fault:
                message = (
                    f"{id} keeps what it has, because nothing can be compiled for it, and this is a mistake of tulle"
                )
                yield Finding.error(BUILT_IN, f"{message}: {proxy.fault}")

    def _failures(self) -> list[Finding]:
        """What could not be compiled, at the line that caused it, as far as that is known."""
        found = (
            Finding.error(each.origins[0] if each.origins else BUILT_IN, f"{each.name} {UNCOMPILABLE}: {each.failure}")
            for each in self._publisher.failed
        )
        return list(dict.fromkeys(found))

    def _refusals(self) -> list[Finding]:
        """What Envoys did not accept, at the line that caused it; one finding for each line and reason."""
        refused: dict[tuple[Origin, str], _Refused] = {}
        for id, proxy in self._publisher.connected.items():
            for (type_url, name), refusal in proxy.session.refused.items():
                resource = proxy.snapshot.table(type_url).get(name)
                origin = _blamed(resource, refusal.message.replace(name, ""))
                # Envoy names what it refuses, of whatever the reason is.
                found = refused.setdefault((origin, refusal.message.replace(name, "")), _Refused(refusal.message))
                found.names[name] = found.ids[id] = None
        return [
            Finding.error(
                origin,
                f"Envoy refused {_who(sorted(found.names))} ({_who(sorted(found.ids))} keeps the last good version): "
                f"{found.message}",
            )
            for (origin, _), found in refused.items()
        ]

    def _patches(self) -> list[Finding]:
        """Changes of documents to what was compiled that could not be made, or that changed nothing anywhere."""
        proxies = self._publisher.connected.values()
        guards = (*self.mesh.guards.values(), *self.mesh.all_gateway_guards)
        sets = {each.name: each for guard in guards for each in guard.patches}
        found = [finding for proxy in proxies for finding in proxy.patched.findings]
        if sets and all(proxy.session.is_synced for proxy in proxies):
            found += patches.unapplied(sets.values(), [proxy.patched.applied for proxy in proxies])
        return list(dict.fromkeys(found))

    def _complaints(self) -> list[Finding]:
        found = []
        for instance in self.instances:
            # A first start that is still under way is no trouble; its message tells how far it is.
            is_first_start = instance.state is InstanceState.STARTING and instance.restarts == 0
            if instance.message and instance.state is not InstanceState.READY and not is_first_start:
                workload = self.mesh.workloads.get(instance.workload)
                origin = workload.origin if workload else BUILT_IN
                found.append(Finding.error(origin, f"{instance.id} is {instance.state}: {instance.message}"))
        for host in self._hosts.all:
            if host.message:
                found.append(Finding.error(BUILT_IN, f"host {host.name}: {host.message}"))
        return found

    def _absences(self) -> list[Finding]:
        if self.mesh.workloads and not self._hosts.all:
            return [Finding.warning(BUILT_IN, "no agent has joined yet, so nothing runs; start one with `tulle agent`")]
        return [
            Finding.warning(BUILT_IN, f"the agent of host {host.name} is away; what it runs goes on running")
            for host in self._hosts.all
            if not host.is_connected and host.name in self._hosts.roles
        ]


def _blamed(resource: Resource | None, message: str) -> Origin:
    """Where that was written which Envoy refuses: the part whose name it says, or else what the resource is about."""
    origins = resource.origins if resource is not None else ()
    for origin in origins:
        name = origin.subject.rpartition(" ")[2]
        if len(name) >= SHORTEST_NAME and re.search(rf"(?<![\w.-]){re.escape(name)}(?![\w-])", message):
            return origin
    return origins[0] if origins else BUILT_IN


def _connected(proxy: Proxy, *, is_synced: bool) -> ProxyState:
    session, peer = proxy.session, proxy.peer
    digest = blake2b(digest_size=6)
    for type_url, versions in sorted(session.accepted.items()):
        for name, version in sorted(versions.items()):
            digest.update(f"{type_url} {name} {version}\n".encode())
    return ProxyState(
        id=session.node_id,
        role=peer.role,
        service=str(peer.instance.service) if peer.instance else "gateway.tulle-system",
        host=peer.host,
        is_connected=True,
        is_synced=is_synced,
        version=digest.hexdigest(),
        admin=peer.admin,
        resources=_accepted(proxy),
    )


def _accepted(proxy: Proxy) -> tuple[Resource, ...]:
    return tuple(
        resource
        for type_url, table in proxy.snapshot.tables.items()
        for name, resource in table.items()
        if name in proxy.session.accepted.get(type_url, {})
    )


def _absent(id: str, role: str, service: str, host: str) -> ProxyState:
    return ProxyState(
        id=id, role=role, service=service, host=host, is_connected=False, is_synced=False, version="", admin=""
    )


def _who(ids: list[str]) -> str:
    return ids[0] if len(ids) == 1 else f"{ids[0]} and {len(ids) - 1} more"

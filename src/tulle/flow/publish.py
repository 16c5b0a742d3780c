"""Mesh in, snapshots out: which proxy should have what now, compiled only where something changed."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from tulle.envoy import consulted, mesh_secrets, patches
from tulle.envoy.callers import Caller
from tulle.envoy.compile import (
    compile_gateway,
    compile_sidecar,
    dependencies,
    forward_dependencies,
    is_outside,
    named_clusters,
)
from tulle.envoy.gateway_hosts import Memory
from tulle.envoy.patches import Patched
from tulle.envoy.patching import places
from tulle.flow.admission import Peer, admit
from tulle.flow.assign import HostPlan, forwardable, plan
from tulle.flow.differences import changed_names, changed_secrets, changed_services, last_good
from tulle.flow.endpoint_table import EndpointTable
from tulle.flow.endpoints import instances_by_service
from tulle.flow.hosts import Hosts
from tulle.flow.patch import Patch
from tulle.flow.plain_text import told_of
from tulle.kit.codec import encode
from tulle.kit.collecting import no_collection
from tulle.kit.groups import Groups
from tulle.kit.tables import changed_keys, replaced
from tulle.model.mesh import Mesh
from tulle.model.names import Name
from tulle.model.workloads import Instance
from tulle.xds.snapshot import (
    CLUSTER,
    ENDPOINT,
    GATEWAY,
    VIRTUAL_HOST,
    WORKLOAD,
    Resource,
    Snapshot,
    Table,
    framed,
)
from tulle.xds.subscription import Session

log = logging.getLogger(__name__)
NOTHING_PATCHED = Patched(Snapshot())


@dataclass(slots=True)
class Proxy:
    """One connected proxy: what it asked for, what that depends on, and what it should have."""

    session: Session
    peer: Peer
    demand: frozenset[str] = frozenset()
    """Authorities that its workload called."""
    depends: frozenset[Name] = frozenset()
    """Services whose change may change its snapshot."""
    snapshot: Snapshot = field(default_factory=Snapshot)
    patched: Patched = NOTHING_PATCHED
    """What became of changes that documents want to what was compiled."""
    failed: tuple[Resource, ...] = ()
    """What could not be compiled; it keeps the last good version."""
    fault: str = ""
    """Why nothing could be compiled for it, if that is so."""

    @property
    def instance(self) -> Instance | None:
        """The instance that it stands before; None for a gateway."""
        return self.peer.instance


class Publisher:
    """Owner of all snapshots; the provider of the xDS server. All methods run on one event loop."""

    def __init__(self, hosts: Hosts, changed: Callable[[], None] = lambda: None) -> None:
        self.mesh = Mesh()
        self.plans: dict[str, HostPlan] = {}
        self._hosts = hosts
        self._roles: dict[str, str] = {}
        """Hosts and their roles, as last planned for."""
        self._changed = changed
        self._instances: dict[Name, tuple[Instance, ...]] = {}
        self._endpoints = EndpointTable()
        self._agents: dict[str, Session] = {}
        self._proxies: dict[str, Proxy] = {}
        self._dependents: Groups[Name, str] = Groups()
        self._holders: Groups[str, str] = Groups()
        self._is_torn = False
        """Whether the last update ended in the middle."""
        self._assignments: dict[tuple[str, str], tuple[object, Resource]] = {}
        self._compiled = Memory()
        """What gateways have."""

    @property
    def connected(self) -> Mapping[str, Proxy]:
        """Proxies with an open stream, by id."""
        return self._proxies

    @property
    def are_synced(self) -> bool:
        """Whether all connected proxies have taken everything."""
        return all(each.session.is_synced for each in self._proxies.values())

    # What should be -----------------------------------------------------------------------------------------------

    @property
    def failed(self) -> Iterator[Resource]:
        """Everything that could not be compiled."""
        yield from self._endpoints.failed.values()
        for proxy in self._proxies.values():
            yield from proxy.failed

    def update(self, mesh: Mesh) -> None:
        """Publish a new desired state to everybody whom it concerns.

        After an exception everybody keeps what it has, and the next time concerns everybody.
        """
        is_torn, self._is_torn = self._is_torn, True
        with no_collection():
            self._take(mesh, concerns_all=is_torn)
        self._is_torn = False

    def _take(self, mesh: Mesh, *, concerns_all: bool) -> None:
        old, self.mesh = self.mesh, mesh
        changed = changed_services(old, mesh)
        guards = changed_keys(old.guards, mesh.guards)
        moved = self._take_instances() if guards else set()
        touched = {*mesh.services, *old.services} if concerns_all else changed | moved | told_of(guards, old, mesh)
        ended = self._endpoints.update(mesh, self._instances, touched)
        patch = None if concerns_all else Patch(old, mesh, changed, guards)
        if concerns_all or old.settings is not mesh.settings:
            concerned = set(self._proxies)
        else:
            concerned = set().union(*map(self._dependents.get, changed))
            concerned |= self._in_doubt(old, mesh) | self._guarded_by(guards)
            if changed or _gateway_differs(old, mesh):
                concerned |= {id for id, proxy in self._proxies.items() if proxy.instance is None}
            concerned |= self._who_needs(changed_secrets(old, mesh))
            concerned |= {id for id, proxy in self._proxies.items() if proxy.fault}
        for id in concerned:
            self._compile(self._proxies[id], patch)
        skip = () if concerns_all else concerned
        self._publish_endpoints({name: resource for name, resource in ended.items() if resource}, skip=skip)
        if concerns_all or _plans_differ(old, mesh, changed) or not self.plans:
            self._assign()

    def hosts_changed(self) -> None:
        """Take in what the agents reported: endpoints, and on which hosts there is room."""
        touched = self._take_instances()
        changed = self._endpoints.update(self.mesh, self._instances, touched)
        self._publish_endpoints({name: resource for name, resource in changed.items() if resource})
        if self._hosts.roles != self._roles:
            self._assign()
        self._changed()

    def may_sign(self, host: str, namespace: str, account: str) -> bool:
        """Whether the agent of this host may have certificates for this identity: it runs a workload that has it."""
        mine = self.plans.get(host, HostPlan())
        if mine.gateway is not None and (namespace, account) == (mine.gateway.name.namespace, mine.gateway.name.name):
            return True
        if any((each.service.namespace, each.account) == (namespace, account) for each in mine.workloads):
            return True
        # An instance that is being drained no longer appears in the plan, but serves until it is gone.
        return any(
            (each.service.namespace, each.account) == (namespace, account)
            for each in self._hosts.instances
            if each.host == host
        )

    # The provider of the xDS server -------------------------------------------------------------------------------

    def opened(self, session: Session) -> None:
        """A stream is open and its node known.

        Raises:
            tulle.xds.subscription.Refused: its certificate does not give it the right to be this node.
        """
        peer = admit(session, self.mesh.settings.trust_domain, self._hosts)
        if peer.role == "agent":
            self._agents[peer.host] = session
            self._publish_plan(peer.host)
            return
        before = self._proxies.get(session.node_id)
        if before is not None:
            self._forget(before)
        proxy = Proxy(session, peer, demand=before.demand if before else frozenset())
        self._proxies[session.node_id] = proxy
        self._compile(proxy)
        self._changed()

    def closed(self, session: Session) -> None:
        """A stream ended."""
        for host, agent in list(self._agents.items()):
            if agent is session:
                del self._agents[host]
        proxy = self._proxies.get(session.node_id)
        if proxy is not None and proxy.session is session:
            self._forget(proxy)
            del self._proxies[session.node_id]
        self._changed()

    def wanted(self, session: Session, type_url: str, names: frozenset[str]) -> None:
        """A proxy subscribed to other names than before: virtual hosts are demand and widen its scope."""
        proxy = self._proxies.get(session.node_id)
        if type_url != VIRTUAL_HOST or proxy is None or proxy.session is not session or proxy.instance is None:
            return
        prefix = f"outbound.{proxy.instance.service.namespace}/"
        demand = frozenset(name.removeprefix(prefix) for name in names if name.startswith(prefix))
        if demand - {""} != proxy.demand:
            proxy.demand = demand - {""}
            self._compile(proxy)

    def settled(self, session: Session) -> None:
        """A proxy accepted or refused something."""
        self._changed()

    # How it comes about -------------------------------------------------------------------------------------------

    def _take_instances(self) -> set[Name]:
        """Find out who answers for which service now; the services for which others answer than before."""
        before, self._instances = self._instances, instances_by_service(self._hosts.instances, self.mesh.guards)
        names = before.keys() | self._instances.keys()
        return {name for name in names if before.get(name) != self._instances.get(name)}

    def _guarded_by(self, workloads: set[Name]) -> set[str]:
        """Proxies of these workloads."""
        if not workloads:
            return set()
        return {id for id, proxy in self._proxies.items() if proxy.instance and proxy.instance.workload in workloads}

    def _in_doubt(self, old: Mesh, mesh: Mesh) -> set[str]:
        """Proxies that asked for a name nobody had, when a new service may be the one they meant."""
        if all(name in old.services for name in changed_keys(old.services, mesh.services)):
            return set()
        return {
            id
            for id, proxy in self._proxies.items()
            if proxy.instance is not None
            and any(is_outside(old, proxy.instance.service.namespace, wish) for wish in proxy.demand)
        }

    def _who_needs(self, secrets: frozenset[str]) -> set[str]:
        """Sidecars whose clusters refer to one of these secrets, whether or not it is there."""
        if not secrets:
            return set()
        sidecars = {id: proxy for id, proxy in self._proxies.items() if proxy.instance is not None}
        return {
            id
            for id, proxy in sidecars.items()
            if not secrets.isdisjoint(mesh_secrets.parts(mesh_secrets.needed(proxy.snapshot.table(CLUSTER).values())))
        }

    def _compile(self, proxy: Proxy, patch: Patch | None = None) -> None:
        """Work out what a proxy should have, and publish it; whatever fails there, others are not touched by it."""
        # What is left from before could not be told from what is compiled now.
        is_whole = not proxy.failed and not proxy.fault
        try:
            self._compile_and_publish(proxy, patch if is_whole else None)
            proxy.fault = ""
        except Exception as error:
            log.exception("nothing could be compiled for %s", proxy.session.node_id)
            proxy.fault = repr(error)

    def _compile_and_publish(self, proxy: Proxy, patch: Patch | None) -> None:
        patched = patch.apply(proxy.instance, proxy.demand, proxy.snapshot) if patch and proxy.instance else None
        if proxy.instance is None:
            desired = compile_gateway(self.mesh, self._compiled)
        elif patched is not None:
            desired = patched
        elif proxy.instance.workload in self.mesh.guards:
            self._note_dependencies(proxy, proxy.instance)
            desired = compile_sidecar(self.mesh, proxy.instance, proxy.demand)
        else:
            # Its workload was removed and it is about to be drained: it keeps what it has until then.
            return
        held = proxy.snapshot
        desired, proxy.failed = last_good(self._patched(proxy, desired), held)
        snapshot = Snapshot({**desired.tables, ENDPOINT: self._endpoints_of(desired.table(CLUSTER), held)})
        self._note_holdings(proxy, held.table(ENDPOINT), snapshot.table(ENDPOINT))
        changed = changed_names(held, snapshot)
        proxy.snapshot = snapshot
        if changed or not held.tables:
            proxy.session.publish(snapshot, changed if held.tables else None)

    def _patched(self, proxy: Proxy, desired: Snapshot) -> Snapshot:
        """What documents change in what was compiled (Istio EnvoyFilter)."""
        instance = proxy.instance
        own = None if instance is None else self.mesh.guards.get(instance.workload)
        guards = self.mesh.all_gateway_guards if instance is None else (own,) if own is not None else ()
        written = tuple(dict.fromkeys(each for guard in guards for each in guard.patches))
        sets = patches.ordered(written, self.mesh.settings.root_namespace) if written else ()
        if not sets:
            proxy.patched = NOTHING_PATCHED
            return desired
        place = places.of_gateway(self.mesh) if instance is None else places.of_sidecar(self.mesh, instance)
        clusters = dict(desired.table(CLUSTER))
        caller = Caller.gateway(self.mesh.settings) if instance is None else Caller.of(instance)
        clusters.update((each.name, each) for each in named_clusters(self.mesh, caller, patches.needed_clusters(sets)))
        proxy.patched = patches.apply(Snapshot({**desired.tables, CLUSTER: clusters}), sets, place)
        return proxy.patched.snapshot

    def _endpoints_of(self, clusters: Table, held: Snapshot) -> Table:
        """The load assignments for these clusters, made from those that the proxy had for the clusters it had."""
        changed = changed_keys(held.table(CLUSTER), clusters)
        if not changed:
            return held.table(ENDPOINT)
        found: dict[str, Resource | None] = {}
        left: set[str] = set()
        for name in changed:
            before, after = held.table(CLUSTER).get(name), clusters.get(name)
            if before is not None and (after is None or before.endpoints_name != after.endpoints_name):
                left.add(before.endpoints_name)
            if after is not None and after.endpoints_name:
                assignment = self._endpoints.get(after.endpoints_name)
                if assignment is not None:
                    found[after.endpoints_name] = assignment
        # Several clusters may choose from the same endpoints.
        if left:
            left -= {each.endpoints_name for each in clusters.values()}
            found.update(dict.fromkeys(left))
        return replaced(held.table(ENDPOINT), found.items())

    def _publish_endpoints(self, changed: Mapping[str, Resource], skip: Iterable[str] = ()) -> None:
        concerned: dict[str, dict[str, Resource]] = {}
        for name, resource in changed.items():
            for id in self._holders.get(name):
                concerned.setdefault(id, {})[name] = resource
        for id, resources in concerned.items():
            proxy = self._proxies[id]
            table = replaced(proxy.snapshot.table(ENDPOINT), resources.items())
            proxy.snapshot = Snapshot({**proxy.snapshot.tables, ENDPOINT: table})
            proxy.session.publish(proxy.snapshot, {ENDPOINT: resources.keys()})

    def _note_dependencies(self, proxy: Proxy, instance: Instance) -> None:
        namespace = instance.service.namespace
        guard = self.mesh.guards.get(instance.workload)
        depends = frozenset({instance.service}).union(
            *(dependencies(self.mesh, namespace, authority) for authority in proxy.demand),
            *(forward_dependencies(self.mesh, each) for each in instance.forwards),
            consulted.dependencies(self.mesh, guard) if guard is not None else (),
            (each.service for each in patches.needed_clusters(guard.patches)) if guard is not None else (),
        )
        for name in proxy.depends - depends:
            self._dependents.discard(name, proxy.session.node_id)
        for name in depends - proxy.depends:
            self._dependents.add(name, proxy.session.node_id)
        proxy.depends = depends

    def _note_holdings(self, proxy: Proxy, before: Table, after: Table) -> None:
        if before is after:
            return
        id = proxy.session.node_id
        for name in changed_keys(before, after):
            if name in after:
                self._holders.add(name, id)
            else:
                self._holders.discard(name, id)

    def _forget(self, proxy: Proxy) -> None:
        self._note_holdings(proxy, proxy.snapshot.table(ENDPOINT), {})
        for name in proxy.depends:
            self._dependents.discard(name, proxy.session.node_id)

    def _assign(self) -> None:
        self._roles = self._hosts.roles
        old, self.plans = self.plans, plan(self.mesh, self._roles)
        for host in self.plans:
            if self.plans[host] != old.get(host):
                self._publish_plan(host)

    def _publish_plan(self, host: str) -> None:
        agent = self._agents.get(host)
        mine = self.plans.get(host)
        if agent is None or mine is None:
            return
        workloads = {str(each.name): self._assignment(host, WORKLOAD, str(each.name), each) for each in mine.workloads}
        gateways = (
            {str(mine.gateway.name): self._assignment(host, GATEWAY, str(mine.gateway.name), mine.gateway)}
            if mine.gateway
            else {}
        )
        agent.publish(Snapshot({WORKLOAD: workloads, GATEWAY: gateways}))

    def _assignment(self, host: str, type_url: str, name: str, assignment: object) -> Resource:
        known = self._assignments.get((host, name))
        if known is not None and known[0] == assignment:
            return known[1]
        resource = framed(type_url, name, encode(assignment))
        self._assignments[host, name] = (assignment, resource)
        return resource


def _gateway_differs(old: Mesh, new: Mesh) -> bool:
    return bool(
        changed_keys(old.listeners, new.listeners)
        or old.gateway_guard is not new.gateway_guard
        or old.gateway_guards is not new.gateway_guards
        or changed_secrets(old, new)
        or old.gateway_routes is not new.gateway_routes
    )


def _plans_differ(old: Mesh, new: Mesh, changed: Iterable[Name]) -> bool:
    """Whether hosts may have to run something else, or to forward to other services."""
    tables = ((each.settings, each.workloads, each.listeners) for each in (old, new))
    if any(before is not after for before, after in zip(*tables, strict=True)):
        return True
    guarded = changed_keys(old.guards, new.guards)
    proxies = [[guard and guard.proxy for guard in map(each.guards.get, guarded)] for each in (old, new)]
    gateways = [each.gateway_guard and each.gateway_guard.proxy for each in (old, new)]
    if proxies[0] != proxies[1] or gateways[0] != gateways[1]:
        return True
    services = (each for name in changed for mesh in (old, new) if (each := mesh.services.get(name)) is not None)
    return any(forwardable(each) for each in services)

"""Changes of documents to what was compiled for a proxy (Istio EnvoyFilter). Unchanged resources stay the same objects.

A resource that several proxies have, with the same changes for all of them, is changed once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import Any, TypeAlias

from envoy.config.cluster.v3 import cluster_pb2
from envoy.config.listener.v3 import listener_pb2
from envoy.config.route.v3 import route_components_pb2, route_pb2
from google.protobuf.message import Message

from tulle.envoy import naming, slots
from tulle.envoy.attempts import failure
from tulle.envoy.patching import listeners, routes, values
from tulle.envoy.patching.clusters import patch_cluster
from tulle.envoy.patching.facts import Facts
from tulle.envoy.patching.places import Places, Sets
from tulle.kit.memo import remember
from tulle.model.extensions import EnvoyPatches, Patch, PatchContext, PatchOperation, PatchPlace
from tulle.model.findings import Finding
from tulle.xds.snapshot import CLUSTER, EXTENSION, LISTENER, ROUTE, VIRTUAL_HOST, Resource, Snapshot, Table, encode

Outcome: TypeAlias = tuple[Resource | None, frozenset[Patch]]
CONCERNS = {
    LISTENER: frozenset(PatchPlace) - {PatchPlace.CLUSTER, PatchPlace.EXTENSION_CONFIG, PatchPlace.BOOTSTRAP},
    CLUSTER: frozenset((PatchPlace.CLUSTER,)),
    ROUTE: routes.PLACES,
    VIRTUAL_HOST: routes.PLACES - {PatchPlace.ROUTE_CONFIGURATION},
}
"""Which changes can change resources of a type; routes may stand in listeners."""
MESSAGES: dict[str, type[Message]] = {
    LISTENER: listener_pb2.Listener,
    CLUSTER: cluster_pb2.Cluster,
    ROUTE: route_pb2.RouteConfiguration,
    VIRTUAL_HOST: route_components_pb2.VirtualHost,
}
NOTHING: frozenset[Patch] = frozenset()
NEW = {PatchPlace.LISTENER: LISTENER, PatchPlace.CLUSTER: CLUSTER}
"""What a change can add as a resource of its own."""


@dataclass(frozen=True, slots=True)
class Patched:
    """What became of a snapshot."""

    snapshot: Snapshot
    applied: frozenset[Patch] = frozenset()
    """The changes that found something to change."""
    findings: tuple[Finding, ...] = ()
    """What could not be done for this proxy."""


def ordered(sets: Iterable[EnvoyPatches], root_namespace: str) -> Sets:
    """In the order in which they are applied: those of the root namespace first, then by priority, age and name."""
    by_name = sorted(sets, key=attrgetter("name"))
    by_age = sorted(by_name, key=lambda each: each.created or "9")
    return tuple(sorted(by_age, key=lambda each: (each.name.namespace != root_namespace, each.priority)))


def check(patches: EnvoyPatches) -> tuple[Finding, ...]:
    """What is wrong with changes, whatever they are applied to: values that are no messages of Envoy."""
    return values.check(patches)


def needed_clusters(sets: Sets) -> frozenset[naming.ClusterName]:
    """Clusters of services that the changes refer to: a proxy must have them, even if nobody calls them yet."""
    return frozenset().union(*map(values.clusters_of, sets))


def unapplied(sets: Iterable[EnvoyPatches], applied: Iterable[frozenset[Patch]]) -> tuple[Finding, ...]:
    """A finding for every change that changed nothing in any of the proxies, of which each is in `applied`."""
    done: frozenset[Patch] = frozenset().union(*applied)
    return tuple(
        Finding.warning(
            patch.origin,
            f"EnvoyFilter {each.name.name}: {patch.operation} of {patch.place} matches nothing in its proxies",
        )
        for each in sets
        for patch in values.usable(each)
        if patch not in done
    )


def apply(snapshot: Snapshot, sets: Sets, places: Places) -> Patched:
    """The snapshot of one proxy with all changes, in their order."""
    if not sets:
        return Patched(snapshot)
    work = _Work(sets, places, snapshot.table(EXTENSION))
    tables = dict(snapshot.tables)
    tables[LISTENER] = work.table(LISTENER, snapshot.table(LISTENER), places.listener)
    filters = _filters(tables[LISTENER], is_gateway=places.is_gateway)
    tables[CLUSTER] = work.table(CLUSTER, snapshot.table(CLUSTER), places.cluster)
    tables[ROUTE] = work.table(ROUTE, snapshot.table(ROUTE), _with(places.routes, filters))
    tables[VIRTUAL_HOST] = work.table(VIRTUAL_HOST, snapshot.table(VIRTUAL_HOST), _with(places.virtual_host, filters))
    return Patched(replace(snapshot, tables=tables), frozenset(work.applied), tuple(work.findings))


def _with(facts: Callable[[str], Facts], filters: tuple[tuple[str, str], ...]) -> Callable[[str], Facts]:
    """The same, with the filters that routes of the proxy can configure."""
    return lambda name: replace(facts(name), filters=filters)


class _Work:
    """The changes to one snapshot while they are made."""

    def __init__(self, sets: Sets, places: Places, filters: Table) -> None:
        self.sets = sets
        self._delivered: dict[str, tuple[Resource, ...]] = {}
        """The content of slots, by listener."""
        for each in filters.values():
            listener = naming.listener_of(each.name)
            self._delivered[listener] = (*self._delivered.get(listener, ()), each)
        self.is_gateway = places.is_gateway
        self._holding = places.holding
        self.applied: set[Patch] = set()
        self.findings: list[Finding] = []
        self._concerned = frozenset(patch.place for each in sets for patch in values.usable(each))

    def table(self, type_url: str, table: Table, facts: Callable[[str], Facts]) -> Table:
        """The resources of one type; the same table if none of them is changed."""
        if self._concerned.isdisjoint(CONCERNS[type_url]):
            return table
        changed: dict[str, Resource] = {}
        for name, resource in table.items():
            sets, delivered = self._holding(type_url, name, self.sets), self._delivered.get(name, ())
            outcome, applied = _outcome(resource, sets, facts(name), delivered) if sets else (resource, NOTHING)
            self.applied |= applied
            if outcome is not None:
                changed[name] = outcome
        self._add(type_url, changed)
        is_same = len(changed) == len(table) and all(changed[name] is each for name, each in table.items())
        return table if is_same else changed

    def _add(self, type_url: str, table: dict[str, Resource]) -> None:
        for each in self.sets:
            for patch in values.usable(each):
                if patch.operation is PatchOperation.ADD and NEW.get(patch.place) == type_url and self._is_mine(patch):
                    self._add_one(table, each, patch)

    def _add_one(self, table: dict[str, Resource], patches: EnvoyPatches, patch: Patch) -> None:
        resource = _added(patches, patch)
        self.applied.add(patch)
        if not resource.name or resource.name in table:
            problem = f'"{resource.name}", which exists already' if resource.name else "nothing: it has no name"
            message = f"EnvoyFilter {patches.name.name}: ADD of {patch.place} adds {problem}"
            self.findings.append(Finding.error(patch.origin, message))
        else:
            table[resource.name] = resource

    def _is_mine(self, patch: Patch) -> bool:
        if patch.context is PatchContext.ANY:
            return True
        return (patch.context is PatchContext.GATEWAY) == self.is_gateway


@remember(size=64)
def _outcome(resource: Resource, sets: Sets, facts: Facts, delivered: tuple[Resource, ...]) -> Outcome:
    """One resource with all changes (None: it is removed), and those that found something in it.

    `delivered` is what is in the slots of a listener.
    """
    if resource.failure:
        return resource, frozenset()
    concerned = CONCERNS[resource.type_url]
    patches = tuple(patch for each in sets for patch in values.usable(each) if patch.place in concerned)
    try:
        return _changed(resource, sets, patches, facts, delivered)
    except Exception as error:
        origins = (*(each.origin for each in patches), *resource.origins)
        return failure(resource.type_url, resource.name, origins, error), frozenset(patches)


def _changed(
    resource: Resource, sets: Sets, patches: tuple[Patch, ...], facts: Facts, delivered: tuple[Resource, ...]
) -> Outcome:
    message: Any = MESSAGES[resource.type_url].FromString(resource.body)
    if resource.type_url == LISTENER:
        extensions = tuple(patch for patch, _ in values.extensions(sets))
        beside = listeners.Beside(extensions, {each.name: slots.filters_of(each) for each in delivered})
        is_kept, applied = listeners.patch_listener(message, patches, facts, beside)
    elif resource.type_url == CLUSTER:
        is_kept, applied = patch_cluster(message, patches, facts)
    elif resource.type_url == ROUTE:
        is_kept, applied = True, routes.patch_configuration(message, patches, facts)
    else:
        configuration = resource.name.rpartition("/")[0]
        is_kept, applied = routes.patch_virtual_host(message, configuration, patches, facts)
    if not applied:
        return resource, frozenset()
    return (_encoded(resource, message, applied) if is_kept else None), frozenset(applied)


def _encoded(resource: Resource, message: Any, applied: set[Patch]) -> Resource:
    # What Envoy refuses is reported where the change was written, which comes first.
    written = sorted((each.origin for each in applied), key=lambda each: (each.file, each.line))
    return encode(
        resource.name,
        message,
        aliases=resource.aliases,
        endpoints_name=_endpoints_name(message, resource.endpoints_name),
        origins=(*written, *resource.origins),
    )


def _endpoints_name(message: Any, before: str) -> str:
    """Where the endpoints of a cluster come from: a change can put them into the cluster itself."""
    if not isinstance(message, cluster_pb2.Cluster):
        return ""
    if message.WhichOneof("cluster_discovery_type") == "type" and message.type == cluster_pb2.Cluster.EDS:
        return before or message.eds_cluster_config.service_name or message.name
    return before if message.WhichOneof("cluster_discovery_type") == "cluster_type" else ""


@remember(size=64)
def _added(patches: EnvoyPatches, patch: Patch) -> Resource:
    message: Any = values.message(patch)
    endpoints_name = _endpoints_name(message, "")
    return encode(message.name, message, endpoints_name=endpoints_name, origins=(patch.origin, patches.origin))


def _filters(table: Table, *, is_gateway: bool) -> tuple[tuple[str, str], ...]:
    """HTTP filters that routes of a proxy can configure, by Envoy's names and by ours."""
    found = [each for each in table.values() if is_gateway or each.name == naming.OUTBOUND]
    return tuple(sorted(set().union(*map(_filters_of, found))))


@remember(size=1)
def _filters_of(listener: Resource) -> frozenset[tuple[str, str]]:
    return frozenset(listeners.http_filters(listener_pb2.Listener.FromString(listener.body)))

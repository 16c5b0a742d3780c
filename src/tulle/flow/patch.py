"""What one change of the mesh means for sidecars: the few resources that differ, instead of all of them compiled anew.

Pure, and only a short cut: where it does not apply, the whole snapshot is compiled.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet

from tulle.envoy import consulted, mesh_secrets
from tulle.envoy.callers import Caller
from tulle.envoy.compile import compile_authority, dependencies, forward_dependencies
from tulle.flow.differences import changed_secrets
from tulle.model.extensions import Scope
from tulle.model.mesh import Mesh
from tulle.model.names import Name
from tulle.model.workloads import Instance
from tulle.xds.snapshot import CLUSTER, SECRET, VIRTUAL_HOST, Resource, Snapshot, Table


class Patch:
    """One change, from an old mesh to a new one. What proxies have in common is worked out once for all of them."""

    def __init__(
        self, old: Mesh, new: Mesh, changed: AbstractSet[Name], guards: AbstractSet[Name] = frozenset()
    ) -> None:
        """`changed` are services, `guards` the workloads whose guards are others."""
        self._old = old
        self._new = new
        self._changed = changed
        self._guards = guards
        self._has_new_secrets = bool(changed_secrets(old, new))
        self._seen: dict[str, set[str]] = {}
        self._concerned: dict[str, set[str]] = {}
        """By namespace: authorities that have to be compiled anew, of those seen."""
        self._widened: dict[str, set[str]] = {}
        """By namespace: authorities that depend on other services than before."""
        self._replaced: dict[tuple[Caller, str, Scope | None], tuple[Resource, ...] | None] = {}

    def apply(self, instance: Instance, demand: frozenset[str], held: Snapshot) -> Snapshot | None:
        """What a sidecar should have instead of `held`, which was compiled for the old mesh, its endpoints included.

        None: more may have changed than resources that it has already; compile everything.
        """
        if self._old.settings is not self._new.settings:
            return None
        guard = self._new.guards.get(instance.workload)
        if guard is None or instance.workload in self._guards or guard.patches:
            return None
        if not self._changed.isdisjoint(consulted.dependencies(self._new, guard)):
            return None
        if any(not self._changed.isdisjoint(forward_dependencies(self._new, each)) for each in instance.forwards):
            return None
        if held.table(SECRET) or self._has_new_secrets:
            return None
        caller = Caller.of(instance)
        self._look_at(caller.namespace, demand)
        if not demand.isdisjoint(self._widened[caller.namespace]):
            return None
        resources: list[Resource] = []
        for authority in demand & self._concerned[caller.namespace]:
            found = self._resources(caller, authority, guard.scope)
            if found is None:
                return None
            resources.extend(found)
        if mesh_secrets.needed(resources):
            return None
        tables = dict(held.tables)
        for type_url in (CLUSTER, VIRTUAL_HOST):
            tables[type_url] = _replaced(
                held.table(type_url), [each for each in resources if each.type_url == type_url]
            )
        return Snapshot(tables)

    def _look_at(self, namespace: str, demand: frozenset[str]) -> None:
        seen = self._seen.setdefault(namespace, set())
        concerned = self._concerned.setdefault(namespace, set())
        widened = self._widened.setdefault(namespace, set())
        for authority in demand - seen:
            before, after = (dependencies(mesh, namespace, authority) for mesh in (self._old, self._new))
            if before != after:
                widened.add(authority)
            elif not before.isdisjoint(self._changed):
                concerned.add(authority)
        seen |= demand

    def _resources(self, caller: Caller, authority: str, seen: Scope | None) -> tuple[Resource, ...] | None:
        """The new resources of an authority; None if they do not have the names of the old ones."""
        key = (caller, authority, seen)
        if key not in self._replaced:
            before, after = (compile_authority(mesh, caller, authority, seen) for mesh in (self._old, self._new))
            found = (after.host, *after.clusters)
            same = {each.name for each in (before.host, *before.clusters)} == {each.name for each in found}
            self._replaced[key] = found if same else None
        return self._replaced[key]


def _replaced(table: Table, resources: list[Resource]) -> Table:
    """The same table, or one with these in place of those of their names."""
    new = {each.name: each for each in resources if table.get(each.name) is not each}
    return {**table, **new} if new else table

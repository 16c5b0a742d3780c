"""What changed between two states. Pure, and by identity: unchanged things are the same objects."""

from __future__ import annotations

from tulle.envoy import naming
from tulle.envoy.scope import host_key
from tulle.kit.tables import changed_keys, replaced
from tulle.model.mesh import Mesh
from tulle.model.names import Name
from tulle.xds.snapshot import CLUSTER, EXTENSION, ROUTE, SECRET, Resource, Snapshot

NEEDED = (SECRET, CLUSTER, EXTENSION, ROUTE)
"""What other resources refer to."""


def changed_services(old: Mesh, new: Mesh) -> set[Name]:
    """Services whose definition or whose rules changed, and hosts for which that is true (as `host_key`)."""
    changed = changed_keys(old.services, new.services) | changed_keys(old.service_routes, new.service_routes)
    hosts = changed_keys(old.hosts, new.hosts) | changed_keys(old.host_routes, new.host_routes)
    return changed | {host_key(host) for host in hosts}


def changed_secrets(old: Mesh, new: Mesh) -> frozenset[str]:
    """Names, as proxies know them, of secrets and authorities whose object changed."""
    secrets, maps = changed_keys(old.secrets, new.secrets), changed_keys(old.config_maps, new.config_maps)
    return frozenset((*map(naming.secret, secrets), *map(naming.secret_ca, secrets), *map(naming.config_map_ca, maps)))


def changed_names(old: Snapshot, new: Snapshot) -> dict[str, set[str]]:
    """Per type, the names of the resources that differ."""
    found: dict[str, set[str]] = {}
    for type_url in old.tables.keys() | new.tables.keys():
        names = changed_keys(old.table(type_url), new.table(type_url))
        if names:
            found[type_url] = names
    return found


def last_good(desired: Snapshot, held: Snapshot) -> tuple[Snapshot, tuple[Resource, ...]]:
    """With what is held in place of what could not be compiled, as far as there is anything; and all of that."""
    failed = [
        resource
        for type_url, table in desired.tables.items()
        for name in sorted(changed_keys(held.table(type_url), table))
        if (resource := table.get(name)) is not None and resource.failure
    ]
    if not failed:
        return desired, ()
    tables = dict(desired.tables)
    for each in failed:
        kept = held.table(each.type_url).get(each.name)
        tables[each.type_url] = replaced(tables[each.type_url], [(each.name, kept)])
    # What is kept may refer to what nothing else needs any more.
    for type_url in NEEDED:
        tables[type_url] = {**held.table(type_url), **tables.get(type_url, {})}
    return Snapshot(tables), tuple(failed)

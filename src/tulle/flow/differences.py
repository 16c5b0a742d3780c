"""What changed between two states. Pure, and by identity: unchanged things are the same objects."""

from __future__ import annotations

from tulle.envoy import naming
from tulle.envoy.scope import host_key
from tulle.kit.tables import changed_keys
from tulle.model.mesh import Mesh
from tulle.model.names import Name
from tulle.xds.snapshot import Snapshot


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

"""What a mesh does, as far as Envoy is told: resources without the names of things that only have names."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from tests.envoy.decoded import decoded
from tulle.envoy.compile import compile_gateway, compile_sidecar
from tulle.envoy.gateway_hosts import Memory
from tulle.model.mesh import Mesh
from tulle.model.names import host_names
from tulle.model.workloads import Binding, Forward, Instance, InstanceState
from tulle.xds.snapshot import CLUSTER, EXTENSION, LISTENER, ROUTE, VIRTUAL_HOST, Resource, Snapshot

Renames = Mapping[str, str]
NAMELESS = frozenset(("alt_stat_name", "stat_prefix"))
TABLES = (CLUSTER, EXTENSION, LISTENER, ROUTE, VIRTUAL_HOST)


def behaviour(mesh: Mesh, demand: Iterable[str], renames: Renames) -> dict[str, Any]:
    """Everything that the gateway and the sidecars of all workloads do."""
    found = {"gateway": _plain(compile_gateway(mesh, Memory()), renames)}
    for instance in instances(mesh):
        found[str(instance.workload)] = _plain(compile_sidecar(mesh, instance, frozenset(demand)), renames)
    return found


def demands(mesh: Mesh) -> list[str]:
    """Authorities that somebody may call."""
    names = [*mesh.host_routes, *mesh.hosts, "nowhere.example.net"]
    for service in mesh.services.values():
        for host in service.hosts or host_names(service.name, service.name.namespace):
            names += [host, *(f"{host}:{port.number}" for port in service.ports)]
    return sorted({name.replace("*", "some") for name in names if "/" not in name})


def instances(mesh: Mesh) -> Iterator[Instance]:
    """One instance of each workload; it may call every TCP port."""
    for workload in mesh.workloads.values():
        guard = mesh.guards[workload.name]
        yield Instance(
            id=f"{workload.name.name}-1",
            workload=workload.name,
            service=workload.service,
            host="here",
            account=workload.account,
            state=InstanceState.READY,
            version=workload.version,
            labels=tuple(sorted(workload.labels)),
            outbound="127.0.0.1:15001",
            bindings=tuple(
                Binding(
                    name=port.name,
                    protocol=port.protocol,
                    address="127.0.0.1",
                    port=20000 + index,
                    application=f"127.0.0.1:{30000 + index}",
                    number=port.number,
                )
                for index, port in enumerate(guard.ports)
            ),
            forwards=tuple(_forwards(mesh)),
        )


def _forwards(mesh: Mesh) -> Iterator[Forward]:
    for service in mesh.services.values():
        for port in service.ports:
            if not port.protocol.is_http and not any("*" in host for host in service.hosts):
                address = f"127.0.0.1:{10000 + port.number % 5000}"
                yield Forward(service=service.name, port=port.number, protocol=port.protocol, address=address)


def _plain(snapshot: Snapshot, renames: Renames) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for type_url in TABLES:
        for each in snapshot.tables.get(type_url, {}).values():
            found.update(_resource(type_url, each, renames))
    return dict(_used(found))


def _used(found: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Without clusters that nothing refers to."""
    others = json.dumps([resource for name, resource in found.items() if not name.startswith("Cluster ")])
    for name, resource in found.items():
        if not name.startswith("Cluster outbound|") or name.partition(" ")[2] in others:
            yield name, resource


def _resource(type_url: str, resource: Resource, renames: Renames) -> Iterator[tuple[str, Any]]:
    text = json.dumps({"name": resource.name, "message": _nameless(decoded(resource))}, sort_keys=True)
    for old, new in renames.items():
        text = text.replace(old, new).replace(old.replace("/", "|"), new)
    # Slots are named by the port that was written, which only Kubernetes-shaped documents have apart.
    known = json.loads(re.sub(r"(@gateway\|[^|\"]+)\|[0-9]+", r"\1", text))
    yield f"{type_url.rpartition('.')[2]} {known['name']}", known["message"]


def _nameless(value: Any, key: str = "") -> Any:
    if isinstance(value, dict):
        given = _without_reason(value)
        if given.get("prefix") == "/":
            given = {name: item for name, item in given.items() if name != "case_sensitive"}
        if "weighted_clusters" in given:
            given = _summed(given)
        if "safe_regex" in given.get("match", {}):
            given = _replaced_whole(given)
        found = {
            name: _nameless(item, name)
            for name, item in given.items()
            if name not in NAMELESS and not (name == "name" and key in {"routes", "filter_chains"})
        }
        return {**found, "routes": _settled(_reached(found.get("routes", [])))} if "domains" in found else found
    if isinstance(value, list):
        items = [_nameless(item, key) for item in value]
        # Envoy chooses among chains by their conditions.
        return sorted(items, key=json.dumps) if key == "filter_chains" else items
    return value


def _summed(value: dict[str, Any]) -> dict[str, Any]:
    """Shares of the same cluster as one."""
    shares: dict[str, Any] = {}
    for each in value["weighted_clusters"]["clusters"]:
        key = json.dumps({**each, "weight": 0})
        shares[key] = {**each, "weight": shares.get(key, {"weight": 0})["weight"] + each.get("weight", 0)}
    if len(shares) > 1:
        return {**value, "weighted_clusters": {"clusters": list(shares.values())}}
    (only,) = shares.values()
    rest = {name: item for name, item in value.items() if name != "weighted_clusters"}
    return {**rest, "cluster": only["name"]}


def _replaced_whole(route: dict[str, Any]) -> dict[str, Any]:
    """What a regular expression matches is the whole path, which is replaced the same way by either word."""
    found = dict(route)
    if prefix := route.get("route", {}).get("prefix_rewrite"):
        rest = {name: item for name, item in route["route"].items() if name != "prefix_rewrite"}
        found["route"] = {**rest, "regex_rewrite": {"pattern": {"regex": "^.*$"}, "substitution": prefix}}
    if prefix := route.get("redirect", {}).get("prefix_rewrite"):
        rest = {name: item for name, item in route["redirect"].items() if name != "prefix_rewrite"}
        found["redirect"] = {**rest, "path_redirect": prefix}
    return found


def _reached(routes: list[Any]) -> list[Any]:
    """Without those that an earlier one hides; a host without any is answered 404."""
    kept: list[Any] = []
    for each in routes:
        if not any(_hides(earlier["match"], each["match"]) for earlier in kept):
            kept.append(each)
    return kept or [{"match": {"prefix": "/"}, "direct_response": {"status": 404}}]


def _settled(routes: list[Any]) -> list[Any]:
    """Neighbours that no request fits both of change places, so that they stand in the same order everywhere."""
    found = list(routes)
    for end in range(len(found), 1, -1):
        for index in range(end - 1):
            one, two = found[index], found[index + 1]
            if _excludes(one["match"], two["match"]) and json.dumps(one) > json.dumps(two):
                found[index : index + 2] = two, one
    return found


def _excludes(one: Any, two: Any) -> bool:
    """Whether it is plain to see that no request fits both: other paths of equal length, or other methods."""
    paths = [each.get("path", each.get("path_separated_prefix", "")).lower() for each in (one, two)]
    if all(paths) and paths[0] != paths[1] and len(paths[0]) == len(paths[1]):
        return True
    methods = [
        header.get("string_match", {}).get("exact")
        for each in (one, two)
        for header in each.get("headers", [])
        if header["name"] == ":method" and not header.get("invert_match")
    ]
    return len(methods) == 2 and all(methods) and methods[0] != methods[1]


def _hides(one: Any, two: Any) -> bool:
    """Whether every condition of a match is one of another one too."""
    lists = ("headers", "query_parameters", "dynamic_metadata")
    if {key: it for key, it in one.items() if key not in lists} != {k: it for k, it in two.items() if k not in lists}:
        return False
    return all(each in two.get(key, []) for key in lists for each in one.get(key, []))


def _without_reason(value: dict[str, Any]) -> dict[str, Any]:
    """An answer without the sentence that tells people why they got it."""
    added = value.get("response_headers_to_add", [])
    rest = [each for each in added if each["header"]["key"] != "x-tulle-reason"]
    if len(rest) == len(added):
        return value
    answer = {name: item for name, item in value.get("direct_response", {}).items() if name != "body"}
    given = {**value, "response_headers_to_add": rest, "direct_response": answer}
    return {name: item for name, item in given.items() if item}

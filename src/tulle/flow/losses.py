"""What no native document can say, or says only for some callers. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from tulle.dialects.istio.hosts import service_name
from tulle.flow import flattening, perspectives
from tulle.flow.folding import folded
from tulle.flow.gathering import Targeted, declared, mesh_sets, targeted, typed, wider_rules
from tulle.model.documents import BUILT_IN, Origin
from tulle.model.extensions import EnvoyPatches, ProxySettings, Telemetry, WasmPlugin
from tulle.model.mesh import Mesh, Object
from tulle.model.names import Name
from tulle.model.objects import BackendTls
from tulle.model.routes import RouteRule, RouteSet
from tulle.model.security import AccessPolicy, RequestAuthentication
from tulle.model.services import Destination

Lost = tuple[Origin, str]
RulesByHost = Mapping[str, tuple[RouteSet, ...]]
BESIDE = "which native files cannot say; keep this document beside the file"
_ONLY_ENVOY: tuple[tuple[type[Object], str], ...] = (
    (EnvoyPatches, f"changes Envoy's own configuration, {BESIDE}"),
    (WasmPlugin, f"loads a plugin, {BESIDE}"),
    (ProxySettings, f"sets up single proxies, {BESIDE}"),
)


def losses(mesh: Mesh, objects: Iterable[Object]) -> Iterator[Lost]:
    """All of it, each with the place where it was written."""
    everything = tuple(objects)
    for kind, why in _ONLY_ENVOY:
        for each in typed(everything, kind):
            yield each.origin, why
    yield from _lost_policies(mesh, everything)
    yield from _lost_destinations(mesh, everything)
    yield from _lost_encryption(mesh, everything)
    yield from _lost_order(mesh)


def _lost_policies(mesh: Mesh, objects: tuple[Object, ...]) -> Iterator[Lost]:
    """Policies that are attached to what is not there."""
    yield from _detached(mesh, typed(objects, AccessPolicy))
    yield from _detached(mesh, typed(objects, RequestAuthentication))
    yield from _detached(mesh, typed(objects, Telemetry))


def _detached(mesh: Mesh, policies: Iterable[Targeted]) -> Iterator[Lost]:
    written = tuple(policies)
    kept = {each.name for each in targeted(mesh, written)}
    for each in written:
        if each.name not in kept:
            yield each.origin, "is attached to nothing that listens here"


def _lost_destinations(mesh: Mesh, objects: tuple[Object, ...]) -> Iterator[Lost]:
    used = {each.name for service in mesh.services.values() for each in service.destinations}
    for service in declared(mesh).values():
        for each in folded(service, (), mesh.settings).some:
            yield each.origin, f"is for some callers of {service.name} only; native files are for all of them"
    for each in typed(objects, Destination):
        if each.name not in used and (service_name(each.host) is None or "*" in each.host):
            yield each.origin, f"is about {each.host}, which no service of these files has"


def _lost_encryption(mesh: Mesh, objects: tuple[Object, ...]) -> Iterator[Lost]:
    known = declared(mesh)
    for each in typed(objects, BackendTls):
        for kind, name, _ in each.targets:
            if kind == "Service" and Name(each.name.namespace, name) not in known:
                yield each.origin, f"is about service {name}, which none of these files declares"


def _lost_order(mesh: Mesh) -> Iterator[Lost]:
    """Rules of several documents that are merged in another order for some callers."""
    why = "has rules that other documents have too, in an order that depends on who calls"
    for service in mesh.services.values():
        sets, ports = mesh_sets(mesh, service), [port.number for port in service.ports]
        wider = wider_rules(mesh, service.full_hosts)
        listed = _listed(service.name, flattening.of_service(sets, _all(wider)))
        if sets and not perspectives.is_same([*sets, *_all(wider)], [listed, *_as_written(wider)], ports):
            yield service.origin, why
    for host, found in mesh.host_routes.items():
        wider = wider_rules(mesh, (host,))
        # Calls that no rule matches are answered 404 there, whatever the rules are.
        before = [replace(each, is_complete=False) for each in (*found, *_all(wider))]
        if not perspectives.is_same(before, _as_written({host: found, **wider}), ()):
            yield found[0].origin, why


def _all(rules: RulesByHost) -> list[RouteSet]:
    return list(dict.fromkeys(each for sets in rules.values() for each in sets))


def _as_written(rules: RulesByHost) -> list[RouteSet]:
    """One list for each host, under the name that it will have."""
    return [_listed(Name(sets[0].name.namespace, f"{host}/"), flattening.of_mesh(sets)) for host, sets in rules.items()]


def _listed(name: Name, rules: tuple[RouteRule, ...]) -> RouteSet:
    return RouteSet(name=name, origin=BUILT_IN, rules=rules, by_specificity=False)

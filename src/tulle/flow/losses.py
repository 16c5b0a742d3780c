"""What no native document can say, or says only for some callers. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from tulle.dialects.istio.hosts import service_name
from tulle.flow import flattening, perspectives
from tulle.flow.folding import folded
from tulle.flow.gathering import declared, mesh_sets, typed
from tulle.model import hostnames
from tulle.model.documents import BUILT_IN, Origin
from tulle.model.extensions import EnvoyPatches, ProxySettings, WasmPlugin
from tulle.model.listeners import TlsHandling
from tulle.model.mesh import Mesh, Object
from tulle.model.names import Name
from tulle.model.objects import BackendTls
from tulle.model.routes import RouteSet
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
    yield from _lost_destinations(mesh, everything)
    yield from _lost_encryption(mesh, everything)
    yield from _lost_order(mesh)
    for listener in mesh.listeners.values():
        if listener.tls is TlsHandling.AUTO_PASSTHROUGH:
            yield listener.origin, f"sends connections on by the cluster in their server name, {BESIDE}"
    yield from _moved_ports(mesh)


def _lost_destinations(mesh: Mesh, objects: tuple[Object, ...]) -> Iterator[Lost]:
    used = {each.name for service in mesh.services.values() for each in service.destinations}
    for service in declared(mesh).values():
        for each in folded(service, (), mesh.settings).others:
            yield each.origin, f"is for some callers of {service.name} only; native files say it for all of them"
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
        wider = _wider(mesh, service.full_hosts)
        listed = _listed(service.name, sets)
        if sets and not perspectives.is_same([*sets, *_all(wider)], [listed, *_as_written(wider)], ports):
            yield service.origin, why
    for host, found in mesh.host_routes.items():
        wider = _wider(mesh, (host,))
        after = _as_written({host: found, **wider})
        if not perspectives.is_same([*found, *_all(wider)], after, ()):
            yield found[0].origin, why


def _wider(mesh: Mesh, hosts: Iterable[str]) -> RulesByHost:
    """Rules for wildcards that cover these hosts, and are not only one of them."""
    known = dict.fromkeys(wide for host in hosts for wide in hostnames.wildcards(host))
    return {wide: mesh.host_routes[wide] for wide in known if wide in mesh.host_routes}


def _all(rules: RulesByHost) -> list[RouteSet]:
    return list(dict.fromkeys(each for sets in rules.values() for each in sets))


def _as_written(rules: RulesByHost) -> list[RouteSet]:
    """One list for each host, under the name that it will have."""
    return [_listed(Name(sets[0].name.namespace, f"{host}/"), sets) for host, sets in rules.items()]


def _listed(name: Name, sets: Iterable[RouteSet]) -> RouteSet:
    return RouteSet(name=name, origin=BUILT_IN, rules=flattening.of_mesh(sets), by_specificity=False)


def _moved_ports(mesh: Mesh) -> Iterator[Lost]:
    """Policies of the gateway mean ports as documents have them; native listeners have one number."""
    if not any(each.declared_port for each in mesh.listeners.values()):
        return
    for policy in dict.fromkeys(policy for guard in mesh.all_gateway_guards for policy in guard.access):
        if any(operation.ports for rule in policy.rules for operation in rule.operations):
            yield policy.origin, "names ports of the gateway as they were before they were moved up by 8000"

"""`EnvoyFilter`: changes to Envoy's own configuration. Only their shape is known here, not what they change."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from tulle.dialects import patterns
from tulle.dialects.istio.envoy_filter_schema import (
    ConfigPatch,
    Context,
    EnvoyFilterObject,
    EnvoyFilterSpec,
    ListenerMatch,
    Match,
    RouteAction,
    RouteConfigurationMatch,
)
from tulle.dialects.istio.selection import target
from tulle.dialects.objects import ObjectKind, labels_of, validated
from tulle.dialects.written import Step, Written
from tulle.model.extensions import (
    EnvoyPatches,
    FilterClass,
    Patch,
    PatchContext,
    PatchMatch,
    PatchOperation,
    PatchPlace,
)
from tulle.model.mesh import Fragment

VERSION = "1.31.0"
"""The version of Istio that `proxyVersion` is compared with."""
MERGES = (PatchOperation.MERGE, PatchOperation.MERGE_AND_REPLACE_LIST)
INSERTS = (PatchOperation.INSERT_FIRST, PatchOperation.INSERT_BEFORE, PatchOperation.INSERT_AFTER)
ADD, REMOVE, REPLACE = PatchOperation.ADD, PatchOperation.REMOVE, PatchOperation.REPLACE
OPERATIONS = {
    PatchPlace.LISTENER: (ADD, REMOVE, *MERGES),
    PatchPlace.LISTENER_FILTER: (ADD, REMOVE, *INSERTS, REPLACE),
    PatchPlace.FILTER_CHAIN: (ADD, REMOVE, *MERGES),
    PatchPlace.NETWORK_FILTER: (ADD, REMOVE, PatchOperation.MERGE, *INSERTS, REPLACE),
    PatchPlace.HTTP_FILTER: (ADD, REMOVE, PatchOperation.MERGE, *INSERTS, REPLACE),
    PatchPlace.ROUTE_CONFIGURATION: MERGES,
    PatchPlace.VIRTUAL_HOST: (ADD, REMOVE, *MERGES, REPLACE),
    PatchPlace.HTTP_ROUTE: (ADD, REMOVE, *MERGES, *INSERTS),
    PatchPlace.CLUSTER: (ADD, REMOVE, *MERGES),
    PatchPlace.EXTENSION_CONFIG: (ADD, REPLACE),
    PatchPlace.BOOTSTRAP: (PatchOperation.MERGE,),
}
"""What Istio does where; the rest it leaves out in silence."""
LISTENERS = (
    PatchPlace.LISTENER, PatchPlace.LISTENER_FILTER, PatchPlace.FILTER_CHAIN, PatchPlace.NETWORK_FILTER,
    PatchPlace.HTTP_FILTER,
)  # fmt: skip
ROUTES = (PatchPlace.ROUTE_CONFIGURATION, PatchPlace.VIRTUAL_HOST, PatchPlace.HTTP_ROUTE)
NAMED = (PatchPlace.LISTENER_FILTER, PatchPlace.NETWORK_FILTER, PatchPlace.HTTP_FILTER, PatchPlace.EXTENSION_CONFIG)
"""What needs a name and a configuration when it is new."""
_OLD = re.compile(r"envoy\.(?:config\.filter|api|config\..*)\.v2|\.v2(?:alpha|beta)?[0-9]*\.")
Path = tuple[Step, ...]


def read(part: Written) -> Fragment:
    """All changes of one document."""
    found = validated(part, EnvoyFilterObject)
    if found is None:
        return Fragment(findings=tuple(part.findings))
    spec = found.spec
    if spec.target_refs and spec.workload_selector is not None:
        part.error(("spec", "workloadSelector"), "cannot stand beside targetRefs; write one of them")
    if not spec.config_patches:
        part.warning(("spec",), "has no configPatches, so that nothing is changed")
    patches = EnvoyPatches(
        name=part.document.key.name,
        origin=part.origin,
        selector=labels_of(spec.workload_selector.labels) if spec.workload_selector else (),
        selector_origin=part.at("spec", "workloadSelector"),
        targets=tuple(target(part, ("spec", "targetRefs", i), each) for i, each in enumerate(spec.target_refs)),
        priority=spec.priority,
        patches=tuple(_patches(part, spec)),
        created=str(found.metadata.creation_timestamp or ""),
    )
    return Fragment(objects=(patches,), findings=tuple(part.findings))


def _patches(part: Written, spec: EnvoyFilterSpec) -> Iterator[Patch]:
    for index, written in enumerate(spec.config_patches):
        path: Path = ("spec", "configPatches", index)
        match = written.match or Match.model_validate({})
        _check_operation(part, path, written)
        _check_match(part, path, written.apply_to, match)
        _check_value(part, path, written)
        context = _context(part, path, match)
        if context is not None and written.apply_to is not PatchPlace.BOOTSTRAP:
            yield Patch(
                origin=part.at(*path),
                place=written.apply_to,
                operation=written.patch.operation,
                context=context,
                match=_match(match),
                value=json.dumps(written.patch.value, sort_keys=True) if written.patch.value is not None else "",
                filter_class=written.patch.filter_class,
            )


def _check_operation(part: Written, path: Path, written: ConfigPatch) -> None:
    place, operation = written.apply_to, written.patch.operation
    if place is PatchPlace.BOOTSTRAP:
        message = "is BOOTSTRAP: how a proxy starts cannot be patched, so that the patch is left out; see ProxyConfig"
        part.warning((*path, "applyTo"), message)
    elif operation not in OPERATIONS[place]:
        known = ", ".join(OPERATIONS[place])
        part.error((*path, "patch", "operation"), f"is {operation}, which {place} does not have; it has {known}")
    if written.patch.filter_class is not FilterClass.UNSPECIFIED and (
        operation is not ADD or place is not PatchPlace.HTTP_FILTER
    ):
        part.warning((*path, "patch", "filterClass"), "has no effect: it is for HTTP_FILTER with ADD")


def _check_match(part: Written, path: Path, place: PatchPlace, match: Match) -> None:
    """A match of the wrong kind would never hold, or always."""
    fits = "listener" if place in LISTENERS else "routeConfiguration" if place in ROUTES else "cluster"
    given = {
        "listener": match.listener, "routeConfiguration": match.route_configuration, "cluster": match.cluster,
    }  # fmt: skip
    for name, written in given.items():
        if written is not None and (name != fits or place in {PatchPlace.EXTENSION_CONFIG, PatchPlace.BOOTSTRAP}):
            part.error((*path, "match", name), f"is not for {place}")
    chain = match.listener.filter_chain if match.listener else None
    if chain is not None and chain.filter is not None and not chain.filter.name:
        part.error((*path, "match", "listener", "filterChain", "filter"), "needs a name")


def _check_value(part: Written, path: Path, written: ConfigPatch) -> None:
    value, operation = written.patch.value, written.patch.operation
    if operation is REMOVE:
        if value is not None:
            part.warning((*path, "patch", "value"), "has no effect: what matches is removed")
        return
    if value is None:
        part.error((*path, "patch"), f"needs a value for {operation}")
        return
    if written.apply_to in NAMED and operation not in MERGES:
        if not isinstance(value.get("name"), str):
            part.error((*path, "patch", "value"), f'needs a "name" for {operation} of {written.apply_to}')
        if "config" in value:
            message = 'has "config", which Envoy no longer knows; write "typed_config" with its "@type"'
            part.error((*path, "patch", "value"), message)
    for old in _old_types(value):
        part.error((*path, "patch", "value"), f'has the type "{old}" of Envoy\'s version 2; Envoy only knows version 3')


def _old_types(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        found = value.get("@type")
        if isinstance(found, str) and _OLD.search(found):
            yield found
        for each in value.values():
            yield from _old_types(each)
    elif isinstance(value, list):
        for each in value:
            yield from _old_types(each)


def _context(part: Written, path: Path, match: Match) -> PatchContext | None:
    """In which proxies; None if in none of ours, with a finding."""
    if match.context is Context.WAYPOINT:
        part.warning((*path, "match", "context"), "is WAYPOINT: there are no waypoint proxies, the patch is left out")
        return None
    proxy = match.proxy
    if proxy is not None and proxy.metadata:
        part.warning((*path, "match", "proxy", "metadata"), "matches no proxy, so that the patch is left out")
        return None
    if proxy is not None and proxy.proxy_version and not patterns.finds(proxy.proxy_version, VERSION):
        message = f'is "{proxy.proxy_version}" and does not match {VERSION}, so that the patch is left out'
        part.warning((*path, "match", "proxy", "proxyVersion"), message)
        return None
    return PatchContext(match.context.value)


def _match(match: Match) -> PatchMatch:
    if match.listener is not None:
        return _listener_match(match.listener)
    if match.route_configuration is not None:
        return _route_match(match.route_configuration)
    if match.cluster is not None:
        written = match.cluster
        return PatchMatch(
            port=written.port_number, service=written.service, subset=written.subset, cluster=written.name
        )
    return PatchMatch()


def _listener_match(written: ListenerMatch) -> PatchMatch:
    chain = written.filter_chain
    network = chain.filter if chain else None
    return PatchMatch(
        port=written.port_number,
        listener=written.name,
        listener_filter=written.listener_filter,
        filter_chain=chain.name if chain else "",
        server_name=chain.sni if chain else "",
        transport_protocol=chain.transport_protocol if chain else "",
        application_protocols=tuple(filter(None, chain.application_protocols.split(","))) if chain else (),
        destination_port=chain.destination_port if chain else 0,
        network_filter=network.name if network else "",
        http_filter=network.sub_filter.name if network and network.sub_filter else "",
    )


def _route_match(written: RouteConfigurationMatch) -> PatchMatch:
    host = written.vhost
    route = host.route if host else None
    return PatchMatch(
        port=written.port_number,
        port_name=written.port_name,
        gateway=written.gateway,
        route_configuration=written.name,
        virtual_host=host.name if host else "",
        domain=host.domain_name if host else "",
        route=route.name if route else "",
        route_action=route.action.value if route and route.action is not RouteAction.ANY else "",
    )


KIND = ObjectKind(
    group="networking.istio.io",
    versions=("v1alpha3",),
    kind="EnvoyFilter",
    schema=EnvoyFilterObject,
    read=read,
    documentation="https://istio.io/latest/docs/reference/config/networking/envoy-filter/",
)

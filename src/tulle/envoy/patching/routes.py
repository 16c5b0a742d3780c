"""Changes to route configurations, virtual hosts and routes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from envoy.config.route.v3 import route_components_pb2, route_pb2

from tulle.envoy.patching import lists
from tulle.envoy.patching.facts import Facts, is_in, is_route_configuration, is_virtual_host
from tulle.envoy.patching.merging import merge
from tulle.envoy.patching.values import message, written
from tulle.model.extensions import Patch, PatchMatch, PatchOperation, PatchPlace

RouteConfiguration: TypeAlias = route_pb2.RouteConfiguration
VirtualHost: TypeAlias = route_components_pb2.VirtualHost
Route: TypeAlias = route_components_pb2.Route
Patches: TypeAlias = tuple[Patch, ...]
Applied: TypeAlias = set[Patch]
PLACES = frozenset((PatchPlace.ROUTE_CONFIGURATION, PatchPlace.VIRTUAL_HOST, PatchPlace.HTTP_ROUTE))
MERGES = frozenset((PatchOperation.MERGE, PatchOperation.MERGE_AND_REPLACE_LIST))
INSERTS = frozenset((PatchOperation.INSERT_FIRST, PatchOperation.INSERT_BEFORE, PatchOperation.INSERT_AFTER))
ACTIONS = {"ROUTE": "route", "REDIRECT": "redirect", "DIRECT_RESPONSE": "direct_response"}
DEFAULT_ROUTE = "default"
"""What Istio calls a route that no rule of anybody made."""


def patch_configuration(configuration: RouteConfiguration, patches: Patches, facts: Facts) -> Applied:
    """Change a route configuration, and the virtual hosts that stand in it, in place; what was applied."""
    applied: Applied = set()
    name = configuration.name
    for each in _mine(patches, PatchPlace.ROUTE_CONFIGURATION, name, facts):
        _merge(configuration, each, facts)
        applied.add(each)
    kept = []
    for host in configuration.virtual_hosts:
        is_kept, changed = patch_virtual_host(host, name, patches, facts)
        applied |= changed
        if is_kept:
            kept.append(host)
    lists.put(configuration.virtual_hosts, kept)
    for each in _mine(patches, PatchPlace.VIRTUAL_HOST, name, facts):
        if each.operation is PatchOperation.ADD:
            configuration.virtual_hosts.append(_named(each, facts))
            applied.add(each)
    return applied


def patch_virtual_host(host: VirtualHost, routes: str, patches: Patches, facts: Facts) -> tuple[bool, Applied]:
    """Change a virtual host of the route configuration `routes` in place; whether it stays, and what was applied."""
    applied: Applied = set()
    own = host.name
    for each in _mine(patches, PatchPlace.VIRTUAL_HOST, routes, facts):
        if each.operation is PatchOperation.ADD or not _is_host(each.match, host, facts):
            continue
        applied.add(each)
        if each.operation is PatchOperation.REMOVE:
            return False, applied
        if each.operation is PatchOperation.REPLACE:
            host.CopyFrom(_named(each, facts))
        else:
            _merge(host, each, facts)
        host.name = own  # It is asked for by this name.
    mine = [each for each in _mine(patches, PatchPlace.HTTP_ROUTE, routes, facts) if _is_host(each.match, host, facts)]
    _patch_routes(host, mine, facts, applied)
    return True, applied


def _patch_routes(host: VirtualHost, patches: list[Patch], facts: Facts, applied: Applied) -> None:
    """First what is removed and merged, then what comes."""
    if not patches:
        return
    kept = []
    for route in host.routes:
        for each in patches:
            if each.operation in MERGES | {PatchOperation.REMOVE} and _is_route(each.match, route):
                applied.add(each)
                if each.operation is PatchOperation.REMOVE:
                    break
                _merge(route, each, facts)
        else:
            kept.append(route)
    for each in patches:
        if each.operation in INSERTS | {PatchOperation.ADD}:
            found = _inserted(kept, each, facts)
            if found is not None:
                kept = found
                applied.add(each)
    lists.put(host.routes, kept)


def _inserted(routes: list[Route], patch: Patch, facts: Facts) -> list[Route] | None:
    names_route = bool(patch.match.route or patch.match.route_action)
    is_anchor: Callable[[Route], bool] | None = (lambda item: _is_route(patch.match, item)) if names_route else None
    if patch.operation is PatchOperation.INSERT_FIRST and is_anchor is not None and not any(map(is_anchor, routes)):
        return None
    return lists.edited(routes, patch.operation, _named(patch, facts), is_anchor)


def _mine(patches: Patches, place: PatchPlace, routes: str, facts: Facts) -> list[Patch]:
    return [
        each
        for each in patches
        if each.place is place and is_in(each.context, facts) and is_route_configuration(each.match, routes, facts)
    ]


def _merge(target: Any, patch: Patch, facts: Facts) -> None:
    lists_too = patch.operation is PatchOperation.MERGE_AND_REPLACE_LIST
    merge(target, _named(patch, facts), written(patch.value), replaces_lists=lists_too)


def _named(patch: Patch, facts: Facts) -> Any:
    """The value of a change, with filters by the names that they have here."""
    found: Any = message(patch)
    _rename(found, dict(facts.filters))
    return found


def _rename(found: Any, names: dict[str, str]) -> None:
    """Of the configurations of filters in a message and in the hosts and routes within it."""
    taken = set(names.values())
    for key in list(found.typed_per_filter_config):
        ours = names.get(key)
        if ours is not None and key not in taken:
            found.typed_per_filter_config[ours].CopyFrom(found.typed_per_filter_config[key])
            del found.typed_per_filter_config[key]
    for field in ("virtual_hosts", "routes"):
        for each in getattr(found, field, ()):
            _rename(each, names)


def _is_host(match: PatchMatch, host: VirtualHost, facts: Facts) -> bool:
    return is_virtual_host(match, host.name, tuple(host.domains), facts)


def _is_route(match: PatchMatch, route: Route) -> bool:
    if match.route and match.route != (route.name or DEFAULT_ROUTE):
        return False
    return not match.route_action or ACTIONS[match.route_action] == route.WhichOneof("action")

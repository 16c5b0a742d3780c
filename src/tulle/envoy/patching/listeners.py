"""Changes to listeners and to everything in them: filter chains, network filters, HTTP filters, inline routes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from envoy.config.listener.v3 import listener_components_pb2, listener_pb2
from envoy.extensions.filters.network.http_connection_manager.v3 import http_connection_manager_pb2

from tulle.envoy import protos
from tulle.envoy.patching import lists, routes, slots
from tulle.envoy.patching.facts import Facts, gateway_ports, is_in, is_listener
from tulle.envoy.patching.merging import merge
from tulle.envoy.patching.types import canonical, is_called
from tulle.envoy.patching.values import message, written
from tulle.model.extensions import FilterClass, Patch, PatchContext, PatchMatch, PatchOperation, PatchPlace

Listener: TypeAlias = listener_pb2.Listener
FilterChain: TypeAlias = listener_components_pb2.FilterChain
HttpFilter: TypeAlias = http_connection_manager_pb2.HttpFilter
Manager: TypeAlias = http_connection_manager_pb2.HttpConnectionManager
Patches: TypeAlias = tuple[Patch, ...]
Applied: TypeAlias = set[Patch]
MERGES = frozenset((PatchOperation.MERGE, PatchOperation.MERGE_AND_REPLACE_LIST))
AUTHENTICATION = frozenset(("envoy.filters.http.jwt_authn",))
AUTHORIZATION = frozenset(("envoy.filters.http.rbac", "envoy.filters.http.ext_authz"))
TLS, RAW = "tls", "raw_buffer"


@dataclass(frozen=True, slots=True)
class Beside:
    """What filters of a listener are configured by that stands elsewhere."""

    extensions: Patches = ()
    """Changes that add configurations to be discovered."""
    contents: Mapping[str, tuple[HttpFilter, ...]] = field(default_factory=dict)
    """The filters in slots."""


NOTHING = Beside()


def patch_listener(
    listener: Listener, patches: Patches, facts: Facts, beside: Beside = NOTHING
) -> tuple[bool, Applied]:
    """Change a listener in place; whether it is to stay, and what was applied.

    As in Istio: first the listener itself, then what is in it, each level first by what comes and goes, then by merges.
    """
    applied: Applied = set()
    facts = facts if facts.context is not PatchContext.GATEWAY else _with_ports(listener, facts)
    mine = tuple(
        each for each in patches if is_in(each.context, facts) and is_listener(each.match, listener.name, facts)
    )
    for each in _of(mine, PatchPlace.LISTENER):
        if each.operation is PatchOperation.REMOVE:
            return False, {*applied, each}
        if each.operation in MERGES:
            _merge(listener, each)
            applied.add(each)
    _patch_listener_filters(listener, mine, applied)
    for chain in listener.filter_chains:
        _patch_chain(chain, mine, facts, applied, beside)
    if listener.HasField("default_filter_chain"):
        _patch_chain(listener.default_filter_chain, mine, facts, applied, beside)
    for each in _of(mine, PatchPlace.FILTER_CHAIN):
        if each.operation is PatchOperation.ADD:
            listener.filter_chains.append(message(each))
            applied.add(each)
    lists.put(listener.filter_chains, [each for each in listener.filter_chains if each.filters])
    _patch_inline_routes(listener, patches, facts, applied)
    return True, applied


def http_filters(listener: Listener) -> Iterator[tuple[str, str]]:
    """What the HTTP filters of a listener are called by Envoy, and what here."""
    for _, manager in _managers(listener):
        for each in manager.http_filters:
            yield canonical(each.typed_config) or slots.meant(each.name), each.name


def _with_ports(listener: Listener, facts: Facts) -> Facts:
    ports = gateway_ports(listener.address.socket_address.port_value)
    return replace(facts, ports=facts.ports | ports)


def _of(patches: Iterable[Patch], place: PatchPlace) -> Iterator[Patch]:
    return (each for each in patches if each.place is place)


def _merge(target: Any, patch: Patch) -> None:
    merge(
        target,
        message(patch),
        written(patch.value),
        replaces_lists=patch.operation is PatchOperation.MERGE_AND_REPLACE_LIST,
    )


def _patch_listener_filters(listener: Listener, patches: Patches, applied: Applied) -> None:
    for each in _of(patches, PatchPlace.LISTENER_FILTER):
        _edit(listener.listener_filters, each, each.match.listener_filter, applied)


def _patch_chain(chain: FilterChain, patches: Patches, facts: Facts, applied: Applied, beside: Beside) -> None:
    mine = tuple(each for each in patches if _is_chain(each.match, chain, facts))
    for each in _of(mine, PatchPlace.FILTER_CHAIN):
        if each.operation is PatchOperation.REMOVE:
            applied.add(each)
            del chain.filters[:]
            return
        if each.operation in MERGES:
            _merge(chain, each)
            applied.add(each)
    network = tuple(_of(mine, PatchPlace.NETWORK_FILTER))
    for each in network:
        # Whatever is added stands before what ends the chain: behind it Envoy would refuse it.
        _edit(chain.filters, each, each.match.network_filter, applied, end=max(len(chain.filters) - 1, 0))
    for filter in chain.filters:
        for each in network:
            if each.operation is PatchOperation.MERGE and _is_meant(each.match.network_filter, filter):
                _merge_filter(filter, each)
                applied.add(each)
    _patch_managers(chain, mine, applied, beside)


def _patch_managers(chain: FilterChain, patches: Patches, applied: Applied, beside: Beside) -> None:
    http = tuple(_of(patches, PatchPlace.HTTP_FILTER))
    if not http:
        return
    for filter in chain.filters:
        manager = _manager(filter)
        if manager is None:
            continue
        mine = [each for each in http if _is_meant(each.match.network_filter, filter)]
        lists.put(manager.http_filters, slots.filled(manager.http_filters, beside.contents))
        for each in mine:
            _edit(manager.http_filters, each, each.match.http_filter, applied, end=_place(manager, each))
        for item in manager.http_filters:
            for each in mine:
                if each.operation is PatchOperation.MERGE and _is_meant(each.match.http_filter, item):
                    _merge_filter(item, each)
                    applied.add(each)
            _inline(item, beside.extensions, applied)
        lists.put(manager.http_filters, slots.emptied(manager.http_filters, beside.contents))
        filter.typed_config.CopyFrom(protos.packed(manager))


def _edit(field: Any, patch: Patch, name: str, applied: Applied, *, end: int | None = None) -> None:
    """One operation on a list of filters, `name` being that which it is about, if it names one.

    What replaces a filter and names none is meant for its namesake, as Istio's documentation has it.
    """
    if patch.operation in MERGES:
        return
    new: Any = None if patch.operation is PatchOperation.REMOVE else message(patch)
    if patch.operation is PatchOperation.REPLACE:
        name = name or new.name
    is_anchor: Callable[[Any], bool] | None = (lambda item: _is_meant(name, item)) if name else None
    items = list(field)
    if patch.operation is PatchOperation.REPLACE:
        # Routes refer to a filter by the name that it has here.
        for item in filter(is_anchor, items):
            new.name = item.name if is_called(new.name, item.name, item.typed_config) else new.name
    after = lists.edited(items, patch.operation, new, is_anchor, end=end)
    if after is not None:
        applied.add(patch)
        lists.put(field, after)


def _merge_filter(filter: Any, patch: Patch) -> None:
    """Into the configuration of a filter; it keeps its name, unless it is given one that nobody means it by."""
    new: Any = message(patch)
    name = filter.name if not new.name or is_called(new.name, filter.name, filter.typed_config) else new.name
    merge(filter, new, written(patch.value))
    filter.name = name


def _place(manager: Manager, patch: Patch) -> int:
    """Where a filter is added that names no other one: before the router, or where its class belongs."""
    types = [canonical(each.typed_config) for each in manager.http_filters]
    end = max(len(types) - 1, 0)
    before = {FilterClass.AUTHN: AUTHENTICATION, FilterClass.AUTHZ: AUTHENTICATION | AUTHORIZATION}
    found = before.get(patch.filter_class)
    if found is None:
        return end
    return max((index + 1 for index, each in enumerate(types) if each in found), default=0)


def _inline(filter: Any, extensions: Patches, applied: Applied) -> None:
    """A filter whose configuration is to be discovered gets it here, from a change of its own."""
    if not filter.HasField("config_discovery"):
        return
    for each in extensions:
        found: Any = message(each)
        if found.name == filter.name:
            filter.typed_config.CopyFrom(found.typed_config)
            applied.add(each)


def _is_meant(name: str, filter: Any) -> bool:
    return not name or is_called(name, filter.name, filter.typed_config)


def _is_chain(match: PatchMatch, chain: FilterChain, facts: Facts) -> bool:
    criteria = chain.filter_chain_match
    if match.filter_chain and match.filter_chain != chain.name:
        return False
    if match.server_name and match.server_name not in criteria.server_names:
        return False
    if not set(match.application_protocols) <= set(criteria.application_protocols):
        return False
    if match.destination_port and match.destination_port not in {criteria.destination_port.value, *facts.ports}:
        return False
    protocol = criteria.transport_protocol or (TLS if chain.HasField("transport_socket") else RAW)
    return match.transport_protocol in {"", protocol}


def _manager(filter: Any) -> Manager | None:
    manager = Manager()
    return manager if filter.typed_config.Unpack(manager) else None


def _managers(listener: Listener) -> Iterator[tuple[Any, Manager]]:
    for chain in (*listener.filter_chains, listener.default_filter_chain):
        for filter in chain.filters:
            manager = _manager(filter)
            if manager is not None:
                yield filter, manager


def _patch_inline_routes(listener: Listener, patches: Patches, facts: Facts, applied: Applied) -> None:
    """Routes that stand in the listener itself, as those to the application behind a sidecar do."""
    if not any(each.place in routes.PLACES for each in patches):
        return
    for filter, manager in _managers(listener):
        if manager.HasField("route_config"):
            names = tuple((canonical(each.typed_config), each.name) for each in manager.http_filters)
            applied |= routes.patch_configuration(manager.route_config, patches, replace(facts, filters=names))
            filter.typed_config.CopyFrom(protos.packed(manager))

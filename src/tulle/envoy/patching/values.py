"""The messages that changes carry, from their JSON: names of clusters as we have them, unknown extensions kept."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, TypeAlias

from envoy.config.cluster.v3 import cluster_pb2
from envoy.config.core.v3 import extension_pb2
from envoy.config.listener.v3 import listener_components_pb2, listener_pb2
from envoy.config.route.v3 import route_components_pb2, route_pb2
from envoy.extensions.filters.network.http_connection_manager.v3 import http_connection_manager_pb2
from google.protobuf import json_format
from google.protobuf.message import Message

from tulle.envoy import naming
from tulle.envoy.patching.merging import TYPED_STRUCT
from tulle.envoy.patching.types import class_of, has_package
from tulle.kit.memo import remember
from tulle.model.extensions import EnvoyPatches, Patch, PatchOperation, PatchPlace
from tulle.model.findings import Finding
from tulle.model.names import CLUSTER_DOMAIN

Json: TypeAlias = dict[str, Any]
TYPE_PREFIX = "type.googleapis.com/"
KINDS: dict[PatchPlace, type[Message]] = {
    PatchPlace.LISTENER: listener_pb2.Listener,
    PatchPlace.LISTENER_FILTER: listener_components_pb2.ListenerFilter,
    PatchPlace.FILTER_CHAIN: listener_components_pb2.FilterChain,
    PatchPlace.NETWORK_FILTER: listener_components_pb2.Filter,
    PatchPlace.HTTP_FILTER: http_connection_manager_pb2.HttpFilter,
    PatchPlace.ROUTE_CONFIGURATION: route_pb2.RouteConfiguration,
    PatchPlace.VIRTUAL_HOST: route_components_pb2.VirtualHost,
    PatchPlace.HTTP_ROUTE: route_components_pb2.Route,
    PatchPlace.CLUSTER: cluster_pb2.Cluster,
    PatchPlace.EXTENSION_CONFIG: extension_pb2.TypedExtensionConfig,
}
"""What a change of each place carries."""
_CLUSTER = re.compile(
    r"outbound\|([0-9]{1,5})\|([^|\"'\s]*)\|([a-z0-9-]+\.[a-z0-9-]+)\.svc\." + re.escape(CLUSTER_DOMAIN)
)
"""A name of a cluster as Istio has it, wherever in a text: also in programs."""


class Unusable(ValueError):
    """A value that is no message of its place."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
        """The rest of a sentence."""


def message(patch: Patch) -> Message:
    """What a change carries; a copy, for the caller to keep.

    Raises:
        Unusable: it is no message of its place.
    """
    found = _parsed(patch.place, patch.value)
    if isinstance(found, str):
        raise Unusable(found)
    copy = type(found)()
    copy.CopyFrom(found)
    return copy


@lru_cache(4096)
def written(value: str) -> Json:
    """The JSON of a change. Not to be changed."""
    found: Json = json.loads(value)
    return found


@remember(size=1)
def usable(patches: EnvoyPatches) -> tuple[Patch, ...]:
    """The changes whose values are messages of their places."""
    return tuple(each for each in patches.patches if _problem(each) is None)


@remember(size=1)
def check(patches: EnvoyPatches) -> tuple[Finding, ...]:
    """What is wrong with the values of changes, whatever they are applied to."""
    subject = f"EnvoyFilter {patches.name.name}"
    problems = ((each, _problem(each)) for each in patches.patches)
    return tuple(
        Finding.error(each.origin, f"{subject}: {each.operation} of {each.place} {problem}")
        for each, problem in problems
        if problem is not None
    )


@remember(size=1)
def clusters_of(patches: EnvoyPatches) -> frozenset[naming.ClusterName]:
    """Clusters of services that changes refer to, and that a proxy therefore needs."""
    found = (_CLUSTER.sub(_our_cluster, each.value) for each in patches.patches)
    names = (match for text in found for match in re.findall(r"outbound\|[0-9]{1,5}\|[^|\"'\s\\]*\|[a-z0-9.-]+", text))
    return frozenset(map(naming.parse_cluster, names)) - {naming.NOTHING}


def _problem(patch: Patch) -> str | None:
    if patch.operation is PatchOperation.REMOVE:
        return None
    found = _parsed(patch.place, patch.value)
    return found if isinstance(found, str) else None


@lru_cache(4096)
def _parsed(place: PatchPlace, value: str) -> Message | str:
    """The message, or why there is none."""
    kind = KINDS.get(place)
    if kind is None:
        return f"cannot be done: {place} of a proxy is not changed here"
    try:
        data = _prepared(json.loads(_CLUSTER.sub(_our_cluster, value)))
        return json_format.ParseDict(data, kind())
    except Unusable as error:
        return error.reason
    except Exception as error:  # Protobuf's reader raises whatever happens to it, for what it does not expect.
        return f"has a value that is no {kind.DESCRIPTOR.name} of Envoy: {_first_line(error)}"


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0].rstrip(".")


def _our_cluster(match: re.Match[str]) -> str:
    port, subset, service = match.groups()
    return f"outbound|{port}|{subset}|{service}"


def _prepared(value: Any) -> Any:
    """The same JSON, with extensions that have no class here as `TypedStruct`, which Envoy takes for any."""
    if isinstance(value, list):
        return [_prepared(each) for each in value]
    if not isinstance(value, dict):
        return value
    prepared = {key: _prepared(each) for key, each in value.items()}
    given = prepared.get("@type")
    if given is None:
        return prepared
    if not isinstance(given, str):
        raise Unusable('has an "@type" that is no text')
    name = given.rpartition("/")[2]
    prepared["@type"] = TYPE_PREFIX + name
    if class_of(name) is not None:
        return prepared
    if has_package(name.rpartition(".")[0]):
        raise Unusable(f'has a value of the type "{name}", which does not exist')
    del prepared["@type"]
    return {"@type": TYPE_PREFIX + TYPED_STRUCT, "type_url": TYPE_PREFIX + name, "value": prepared}


def extensions(patches: tuple[EnvoyPatches, ...]) -> Iterator[tuple[Patch, extension_pb2.TypedExtensionConfig]]:
    """Configurations of filters that stand in changes of their own (`EXTENSION_CONFIG`)."""
    for each in patches:
        for patch in usable(each):
            if patch.place is PatchPlace.EXTENSION_CONFIG:
                found = message(patch)
                assert isinstance(found, extension_pb2.TypedExtensionConfig)
                yield patch, found

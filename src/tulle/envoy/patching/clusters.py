"""Changes to clusters."""

from __future__ import annotations

from typing import Any, TypeAlias

from envoy.config.cluster.v3 import cluster_pb2

from tulle.envoy.patching.facts import Facts, is_cluster, is_in
from tulle.envoy.patching.merging import merge, merge_any
from tulle.envoy.patching.values import message, written
from tulle.model.extensions import Patch, PatchOperation

Cluster: TypeAlias = cluster_pb2.Cluster


def patch_cluster(cluster: Cluster, patches: tuple[Patch, ...], facts: Facts) -> tuple[bool, set[Patch]]:
    """Change a cluster in place; whether it is to stay, and what was applied."""
    applied: set[Patch] = set()
    name = cluster.name
    for each in patches:
        if each.operation is PatchOperation.ADD or not is_in(each.context, facts):
            continue
        if not is_cluster(each.match, name, facts):
            continue
        applied.add(each)
        if each.operation is PatchOperation.REMOVE:
            return False, applied
        _merge(cluster, each)
        cluster.name = name  # Routes and endpoints refer to it by this name.
    return True, applied


def _merge(cluster: Cluster, patch: Patch) -> None:
    new: Any = message(patch)
    if new.HasField("transport_socket"):
        _merge_socket(cluster, new.transport_socket)
        new.ClearField("transport_socket")
    merge(cluster, new, written(patch.value), replaces_lists=patch.operation is PatchOperation.MERGE_AND_REPLACE_LIST)


def _merge_socket(cluster: Cluster, new: Any) -> None:
    """Into the socket of the same name; where endpoints choose among several, only into those."""
    sockets = [each.transport_socket for each in cluster.transport_socket_matches] or [cluster.transport_socket]
    named = [each for each in sockets if each.name == new.name]
    for each in named:
        merge_any(each.typed_config, new.typed_config)
    if not named and not cluster.transport_socket_matches:
        cluster.transport_socket.CopyFrom(new)

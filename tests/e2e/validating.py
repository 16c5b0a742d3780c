"""Whether a real Envoy takes resources: very many at once, as one static configuration that it only validates."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeAlias

from envoy.config.bootstrap.v3 import bootstrap_pb2
from envoy.config.cluster.v3 import cluster_pb2
from envoy.config.core.v3 import extension_pb2
from envoy.config.endpoint.v3 import endpoint_pb2
from envoy.config.listener.v3 import listener_components_pb2, listener_pb2
from envoy.config.route.v3 import route_components_pb2, route_pb2
from envoy.extensions.filters.http.router.v3 import router_pb2
from envoy.extensions.filters.network.http_connection_manager.v3 import http_connection_manager_pb2
from envoy.extensions.transport_sockets.tls.v3 import secret_pb2
from google.protobuf import json_format

from tulle.agent.binary import envoy_binary
from tulle.envoy import protos
from tulle.envoy.bootstrap import bootstrap
from tulle.envoy.gateway_hosts import lazy_routes
from tulle.envoy.patching.types import has_package
from tulle.xds.messages import Node
from tulle.xds.snapshot import CLUSTER, ENDPOINT, EXTENSION, LISTENER, SECRET, VIRTUAL_HOST, Resource

STARTED_WITH = (
    "envoy.extensions.bootstrap.internal_listener.v3",
    "envoy.extensions.resource_monitors.downstream_connections.v3",
)
"""Packages of messages in the bootstrap, which nothing else here imports."""
Manager: TypeAlias = http_connection_manager_pb2.HttpConnectionManager


def refusal(resources: Sequence[Resource], directory: Path) -> tuple[Resource, str] | None:
    """The first resource that Envoy refuses, with its words; None if it takes all of them."""
    said = _validated(resources, directory)
    if not said:
        return None
    low, high = 0, len(resources)
    while high - low > 1:
        middle = (low + high) // 2
        first = _validated(resources[low:middle], directory)
        low, high, said = (low, middle, first) if first else (middle, high, said)
    return resources[low], _validated(resources[low:high], directory) or said


def _validated(resources: Sequence[Resource], directory: Path) -> str:
    """What Envoy has against them."""
    start = bootstrap(Node("x", "x", {}), xds_socket="/x", admin_socket=str(directory / "admin"))
    assert all(map(has_package, STARTED_WITH))
    message = json_format.ParseDict(start, bootstrap_pb2.Bootstrap())
    for index, each in enumerate(resources):
        _add(each, index, message.static_resources)
    file = directory / "envoy.pb"
    file.write_bytes(message.SerializeToString())
    command = [str(envoy_binary()), "--mode", "validate", "--config-path", str(file), "-l", "error"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    return "" if done.returncode == 0 else (done.stderr.strip() or f"exit status {done.returncode}")[-30000:]


def _add(resource: Resource, index: int, static: Any) -> None:
    """Names and addresses are made unique: resources of very many proxies stand beside each other."""
    if resource.type_url == LISTENER:
        listener = listener_pb2.Listener.FromString(resource.body)
        _move(listener, index)
        static.listeners.append(listener)
    elif resource.type_url == CLUSTER:
        cluster = cluster_pb2.Cluster.FromString(resource.body)
        static.clusters.extend(_separated(cluster, index))
    elif resource.type_url == VIRTUAL_HOST:
        static.listeners.append(_holding(route_components_pb2.VirtualHost.FromString(resource.body), index))
    elif resource.type_url == EXTENSION:
        static.listeners.append(_filtering(extension_pb2.TypedExtensionConfig.FromString(resource.body), index))
    elif resource.type_url == ENDPOINT:
        assignment = endpoint_pb2.ClusterLoadAssignment.FromString(resource.body)
        cluster = cluster_pb2.Cluster(name=f"c{index}", type=cluster_pb2.Cluster.STATIC, load_assignment=assignment)
        static.clusters.append(cluster)
    elif resource.type_url == SECRET:
        secret = secret_pb2.Secret.FromString(resource.body)
        secret.name = f"s{index}"
        static.secrets.append(secret)


def _separated(cluster: cluster_pb2.Cluster, index: int) -> list[cluster_pb2.Cluster]:
    """The endpoints of a cluster and its TLS, each by itself.

    A static cluster that has endpoints is made before there is a stream for its certificates, and Envoy ends there.
    """
    cluster.name = f"c{index}"
    if not cluster.HasField("load_assignment"):
        return [cluster]
    encrypted = cluster_pb2.Cluster(name=f"t{index}", type=cluster_pb2.Cluster.EDS)
    encrypted.eds_cluster_config.eds_config.CopyFrom(protos.ads())
    encrypted.transport_socket_matches.extend(cluster.transport_socket_matches)
    if cluster.HasField("transport_socket"):
        encrypted.transport_socket.CopyFrom(cluster.transport_socket)
    cluster.ClearField("transport_socket_matches")
    cluster.ClearField("transport_socket")
    return [cluster, encrypted]


def _move(listener: listener_pb2.Listener, index: int) -> None:
    listener.name = f"l{index}"
    if listener.HasField("address") and not listener.address.HasField("pipe"):
        socket = listener.address.socket_address
        socket.address, socket.port_value = f"127.{index >> 16 & 255}.{index >> 8 & 255}.{index & 255}", 1024
        socket.ipv4_compat = False


def _holding(host: route_components_pb2.VirtualHost, index: int) -> listener_pb2.Listener:
    """A listener with one virtual host."""
    routes = lazy_routes(f"r{index}")
    routes.ClearField("vhds")
    routes.virtual_hosts.append(host)
    return _managing(Manager(stat_prefix="x", route_config=routes), index)


def _filtering(config: extension_pb2.TypedExtensionConfig, index: int) -> listener_pb2.Listener:
    """A listener with what is in one slot."""
    manager = Manager(stat_prefix="x", route_config=route_pb2.RouteConfiguration(name=f"r{index}"))
    manager.http_filters.add(name="slot", typed_config=config.typed_config)
    return _managing(manager, index)


def _managing(manager: Manager, index: int) -> listener_pb2.Listener:
    manager.http_filters.add(name="router", typed_config=protos.packed(router_pb2.Router()))
    filters = [listener_components_pb2.Filter(name="http", typed_config=protos.packed(manager))]
    listener = listener_pb2.Listener(
        address=protos.socket_address("", 0),
        filter_chains=[listener_components_pb2.FilterChain(filters=filters)],
    )
    _move(listener, index)
    return listener

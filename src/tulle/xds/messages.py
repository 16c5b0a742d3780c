"""The two messages of delta xDS on the wire: requests are parsed, responses are joined from shared bytes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from sys import intern
from typing import Any

from envoy.config.cluster.v3 import cluster_pb2
from envoy.service.discovery.v3 import discovery_pb2
from google.protobuf import json_format, struct_pb2

from tulle.xds.snapshot import CLUSTER, Resource, length_delimited

METHOD = "/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources"
"""The one call that everything goes over."""
WILDCARD = "*"
INVALID_ARGUMENT = 3
"""google.rpc.Code of a refusal; Envoy itself uses 13."""


@dataclass(frozen=True, slots=True)
class Node:
    """Who is at the other end of a stream."""

    id: str
    cluster: str = ""
    metadata: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Request:
    """One DeltaDiscoveryRequest: a change of the subscription, an answer to a response, or both."""

    type_url: str
    node: Node | None = None
    """Only in the first request of a stream."""
    subscribe: tuple[str, ...] = ()
    unsubscribe: tuple[str, ...] = ()
    initial_versions: Mapping[str, str] = field(default_factory=dict)
    """What the client has from an earlier stream, by resource name; only in the first request of a type."""
    nonce: str = ""
    """Of the response that is answered; empty if none is."""
    error: str | None = None
    """Why the response was refused; None if it was accepted."""
    refusals: Mapping[str, str] = field(default_factory=dict)
    """Reasons by resource name, when the client knows which resources it refused (our own relay does)."""


def parse_request(data: bytes) -> Request:
    """Read a request.

    Raises:
        google.protobuf.message.DecodeError: these are not the bytes of a request.
    """
    message = discovery_pb2.DeltaDiscoveryRequest.FromString(data)
    return Request(
        message.type_url,
        _parse_node(message.node) if message.HasField("node") else None,
        tuple(map(intern, message.resource_names_subscribe)),  # They are kept, and thousands ask for the same.
        tuple(message.resource_names_unsubscribe),
        {intern(name): intern(version) for name, version in message.initial_resource_versions.items()},
        message.response_nonce,
        message.error_detail.message if message.HasField("error_detail") else None,
        _parse_refusals(message.error_detail.details) if message.HasField("error_detail") else {},
    )


def _parse_node(message: Any) -> Node:
    metadata = json_format.MessageToDict(message.metadata)
    return Node(message.id, message.cluster, metadata)


def _parse_refusals(details: Iterable[Any]) -> dict[str, str]:
    refusals: dict[str, str] = {}
    for detail in details:
        reasons = struct_pb2.Struct()
        if detail.Is(reasons.DESCRIPTOR) and detail.Unpack(reasons):
            refusals |= {name: str(reason) for name, reason in reasons.items()}
    return refusals


def frame_request(request: Request) -> bytes:
    """Serialize a request."""
    message = discovery_pb2.DeltaDiscoveryRequest(
        type_url=request.type_url,
        resource_names_subscribe=request.subscribe,
        resource_names_unsubscribe=request.unsubscribe,
        initial_resource_versions=request.initial_versions,
        response_nonce=request.nonce,
    )
    if request.node is not None:
        message.node.id = request.node.id
        message.node.cluster = request.node.cluster
        message.node.metadata.update(request.node.metadata)
    if request.error is not None:
        message.error_detail.code = INVALID_ARGUMENT
        message.error_detail.message = request.error
        if request.refusals:
            reasons = struct_pb2.Struct()
            reasons.update(request.refusals)
            message.error_detail.details.add().Pack(reasons)
    return bytes(message.SerializeToString())


def acknowledgement(type_url: str, nonce: str) -> bytes:
    """The request that accepts a response and says nothing else, as every serializer writes it."""
    return _type_of_answer(type_url) + _text(6, nonce)


@dataclass(frozen=True, slots=True)
class Response:
    """One DeltaDiscoveryResponse as a client reads it."""

    type_url: str
    nonce: str
    resources: tuple[Resource, ...]
    removed: tuple[str, ...]


def frame_response(type_url: str, nonce: str, resources: Iterable[Resource], removed: Collection[str] = ()) -> bytes:
    """Join a response from the shared bytes of its resources; nothing is encoded but the nonce and removed names."""
    # envoy.service.discovery.v3.DeltaDiscoveryResponse: 2 resources, 4 type_url, 5 nonce, 6 removed_resources.
    parts = [resource.wire for resource in resources]
    parts.extend(_text(6, name) for name in removed)
    parts.append(_type_field(type_url))
    parts.append(_text(5, nonce))
    return b"".join(parts)


def parse_response(data: bytes) -> Response:
    """Read a response; its resources keep name, version, body and aliases.

    Raises:
        google.protobuf.message.DecodeError: these are not the bytes of a response.
    """
    message = discovery_pb2.DeltaDiscoveryResponse.FromString(data)
    resources = tuple(_received(message.type_url, resource) for resource in message.resources)
    return Response(message.type_url, message.nonce, resources, tuple(message.removed_resources))


def _received(type_url: str, message: Any) -> Resource:
    wire = length_delimited(2, message.SerializeToString())
    body = message.resource.value
    return Resource(
        type_url,
        message.name,
        message.version,
        wire,
        wire.index(body),
        len(body),
        tuple(message.aliases),
        endpoints_name(body) if type_url == CLUSTER else "",
    )


def endpoints_name(cluster: bytes) -> str:
    """Name of the load assignment that a serialized cluster needs; empty for a cluster without endpoint discovery."""
    message = cluster_pb2.Cluster.FromString(cluster)
    if message.type != cluster_pb2.Cluster.EDS:
        return ""
    return str(message.eds_cluster_config.service_name or message.name)


def _text(number: int, text: str) -> bytes:
    return length_delimited(number, text.encode())


@lru_cache(maxsize=64)
def _type_of_answer(type_url: str) -> bytes:
    return _text(2, type_url)


@lru_cache(maxsize=64)
def _type_field(type_url: str) -> bytes:
    return _text(4, type_url)

"""Encoded resources and consistent sets of them. A resource is encoded once; all proxies share its bytes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from hashlib import blake2b

from envoy.service.discovery.v3 import discovery_pb2
from google.protobuf.descriptor import Descriptor
from google.protobuf.message import Message

from tulle.kit.quick import quick
from tulle.model.documents import Origin

TYPE_PREFIX = "type.googleapis.com/"
CLUSTER = TYPE_PREFIX + "envoy.config.cluster.v3.Cluster"
ENDPOINT = TYPE_PREFIX + "envoy.config.endpoint.v3.ClusterLoadAssignment"
EXTENSION = TYPE_PREFIX + "envoy.config.core.v3.TypedExtensionConfig"
"""A filter whose configuration stands beside the listener: it changes for connections that are open, too."""
LISTENER = TYPE_PREFIX + "envoy.config.listener.v3.Listener"
ROUTE = TYPE_PREFIX + "envoy.config.route.v3.RouteConfiguration"
VIRTUAL_HOST = TYPE_PREFIX + "envoy.config.route.v3.VirtualHost"
SECRET = TYPE_PREFIX + "envoy.extensions.transport_sockets.tls.v3.Secret"
GATEWAY = "types.tulle.dev/tulle.v1.Gateway"
"""Our own: that a host is to run a gateway, for its agent (JSON of a `GatewayAssignment`)."""
WORKLOAD = "types.tulle.dev/tulle.v1.Workload"
"""Our own: what a host is to run, for its agent (JSON of an `Assignment`)."""

DELIVERY_ORDER = (SECRET, CLUSTER, ENDPOINT, EXTENSION, LISTENER, ROUTE, VIRTUAL_HOST, GATEWAY, WORKLOAD)
"""Make before break: additions go out in this order, removals of clusters last (xDS, "eventual consistency")."""


@quick
@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Resource:
    """One xDS resource as it goes over the wire. Use `encode` to make one."""

    type_url: str
    name: str
    version: str
    """Hash of the bytes and the aliases: replicas of the control plane agree on it without talking."""
    wire: bytes
    """A complete `resources` entry of a DeltaDiscoveryResponse (tag, length, Resource message)."""
    start: int
    """Where the body is within `wire`: it is not held twice."""
    size: int
    """Bytes of the body."""
    aliases: tuple[str, ...] = ()
    """Other names by which a subscription may ask for it (VHDS)."""
    endpoints_name: str = ""
    """For a cluster with endpoint discovery: the name of its ClusterLoadAssignment."""
    origins: tuple[Origin, ...] = ()
    """What it was compiled from."""
    failure: str = ""
    """Why there is nothing in it; whoever has an older version keeps that, and to others it does not exist."""

    @property
    def body(self) -> bytes:
        """The serialized message that belongs into `Any.value`."""
        return self.wire[self.start : self.start + self.size]


def encode(
    name: str,
    message: Message,
    *,
    type_url: str = "",
    aliases: tuple[str, ...] = (),
    endpoints_name: str = "",
    origins: tuple[Origin, ...] = (),
) -> Resource:
    """Serialize a message deterministically and frame it for delta xDS."""
    url = type_url or _type_url(message.DESCRIPTOR)
    body = message.SerializeToString(deterministic=True)
    return framed(url, name, body, aliases=aliases, endpoints_name=endpoints_name, origins=origins)


@cache
def _type_url(kind: Descriptor) -> str:
    """One text for all resources of a type: there are very many of these."""
    return f"{TYPE_PREFIX}{kind.full_name}"


def failed(type_url: str, name: str, reason: str, *, origins: tuple[Origin, ...] = ()) -> Resource:
    """Stands for a resource that could not be made; never sent to anybody."""
    return Resource(type_url, name, "", b"", 0, 0, origins=origins, failure=reason)


def framed(
    type_url: str,
    name: str,
    body: bytes,
    *,
    aliases: tuple[str, ...] = (),
    endpoints_name: str = "",
    origins: tuple[Origin, ...] = (),
) -> Resource:
    """A resource from its already serialized message."""
    version = _digest(body)
    if aliases:
        version = _digest(version.encode() + b"".join(length_delimited(4, alias.encode()) for alias in aliases))
    response = discovery_pb2.DeltaDiscoveryResponse()
    entry = response.resources.add()
    entry.name, entry.version = name, version
    entry.aliases.extend(aliases)
    entry.resource.type_url, entry.resource.value = type_url, body
    # A message of which one field is set is that field, as it stands within any other.
    wire = response.SerializeToString()
    return Resource(type_url, name, version, wire, wire.index(body), len(body), aliases, endpoints_name, origins)


def _digest(data: bytes) -> str:
    return blake2b(data, digest_size=8, person=b"tulle-xds").hexdigest()


def length_delimited(number: int, payload: bytes) -> bytes:
    """One protobuf field of bytes, text or a message. The number must be below 16 (one byte of tag)."""
    size = len(payload)
    if size < 0x80:
        return bytes((number << 3 | 2, size)) + payload
    return bytes((number << 3 | 2,)) + _varint(size) + payload


def _varint(value: int) -> bytes:
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


Table = Mapping[str, Resource]
"""Resources of one type, by name."""


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """What one proxy should have: a consistent set. Types that it lacks are empty."""

    tables: Mapping[str, Table] = field(default_factory=dict)
    unknown: frozenset[str] = frozenset()
    """Types of which not even that is known: whoever asks for all of them waits instead of being told `nothing`."""

    def table(self, type_url: str) -> Table:
        """The resources of one type."""
        return self.tables.get(type_url, {})

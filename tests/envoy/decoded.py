"""Resources as Envoy's own JSON, to compare and to look into."""

from __future__ import annotations

from typing import Any

from google.protobuf import any_pb2
from google.protobuf.json_format import MessageToDict

from tulle.xds.snapshot import Resource, Snapshot

Json = dict[str, Any]


def decoded(resource: Resource) -> Json:
    """The message of a resource."""
    wrapped = any_pb2.Any(type_url=resource.type_url, value=resource.body)
    found: Json = MessageToDict(wrapped, preserving_proto_field_name=True)
    del found["@type"]
    return found


def as_json(message: Any) -> Json:
    """A message."""
    found: Json = MessageToDict(message, preserving_proto_field_name=True)
    return found


def everything(snapshot: Snapshot) -> Json:
    """A snapshot, by the short name of the type and the name of the resource."""
    return {
        type_url.rpartition(".")[2]: {
            name: {"aliases": list(each.aliases), "resource": decoded(each)} if each.aliases else decoded(each)
            for name, each in sorted(table.items())
        }
        for type_url, table in snapshot.tables.items()
    }

from __future__ import annotations

import pytest
from envoy.config.cluster.v3 import cluster_pb2
from google.protobuf import struct_pb2
from hypothesis import given
from hypothesis import strategies as st

from tulle.xds.snapshot import CLUSTER, ROUTE, Snapshot, encode, framed, length_delimited


def test_equal_messages_have_equal_versions_whatever_the_order_of_their_maps() -> None:
    one, other = struct_pb2.Struct(), struct_pb2.Struct()
    one.update({"a": 1, "b": 2, "c": 3})
    other.update({"c": 3, "b": 2, "a": 1})

    assert encode("x", one).version == encode("x", other).version
    assert encode("x", one).wire == encode("x", other).wire


@given(st.binary(), st.binary(), st.lists(st.text()), st.lists(st.text()))
def test_different_resources_have_different_versions(a: bytes, b: bytes, names: list[str], others: list[str]) -> None:
    one = framed(CLUSTER, "x", a, aliases=tuple(names))
    other = framed(CLUSTER, "x", b, aliases=tuple(others))

    assert (one.version == other.version) == ((a, names) == (b, others))


def test_the_type_of_a_message_is_its_own_unless_told() -> None:
    message = cluster_pb2.Cluster(name="x")

    assert encode("x", message).type_url == CLUSTER
    assert encode("x", message, type_url="types.tulle.dev/other").type_url == "types.tulle.dev/other"


def test_a_snapshot_has_an_empty_table_for_what_it_lacks() -> None:
    resource = framed(CLUSTER, "x", b"")

    assert Snapshot({CLUSTER: {"x": resource}}).table(CLUSTER) == {"x": resource}
    assert Snapshot().table(ROUTE) == {}


@pytest.mark.parametrize(("size", "prefix"), [(0, b"\x12\x00"), (127, b"\x12\x7f"), (128, b"\x12\x80\x01")])
def test_a_field_is_framed_as_protobuf_does(size: int, prefix: bytes) -> None:
    assert length_delimited(2, bytes(size)) == prefix + bytes(size)

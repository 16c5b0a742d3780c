from __future__ import annotations

import pytest
from envoy.extensions.filters.http.rbac.v3 import rbac_pb2
from envoy.extensions.filters.http.router.v3 import router_pb2
from google.protobuf import any_pb2, struct_pb2
from udpa.type.v1 import typed_struct_pb2 as old_typed_struct_pb2
from xds.type.v3 import typed_struct_pb2

from tulle.envoy import protos
from tulle.envoy.patching import types

UNKNOWN = "type.googleapis.com/envoy.extensions.filters.http.body_size_limit.v3.BodySizeLimit"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("envoy.extensions.filters.http.tap.v3.Tap", True),
        ("envoy.extensions.filters.http.tap.v3.Tapp", False),
        ("envoy.extensions.filters.http.body_size_limit.v3.BodySizeLimit", False),
        ("google.protobuf.Struct", True),
        ("os.path.join", False),
        ("tests.envoy.v3.Message", False),
        ("envoy.v3.X", False),
        ("", False),
    ],
)
def test_classes_are_found_by_the_names_of_their_types(name: str, expected: bool) -> None:
    assert (types.class_of(name) is not None) is expected


def test_only_generated_packages_count() -> None:
    assert types.has_package("envoy.extensions.filters.http.tap.v3")
    assert not types.has_package("envoy.extensions.filters.http")
    assert not types.has_package("xds.nothing.v3")


@pytest.mark.parametrize(
    ("config", "name"),
    [
        (protos.packed(router_pb2.Router()), "envoy.filters.http.router"),
        (protos.packed(typed_struct_pb2.TypedStruct(type_url=UNKNOWN)), "envoy.filters.http.body_size_limit"),
        (protos.packed(old_typed_struct_pb2.TypedStruct(type_url=UNKNOWN)), "envoy.filters.http.body_size_limit"),
        (protos.packed(struct_pb2.Struct()), ""),
        (any_pb2.Any(), ""),
    ],
)
def test_what_envoy_calls_the_extension_of_a_configuration(config: any_pb2.Any, name: str) -> None:
    assert types.canonical(config) == name


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("access", True),
        ("envoy.filters.http.rbac", True),
        ("envoy.rbac", True),
        ("rbac", False),
        ("envoy.router", False),
    ],
)
def test_filters_are_found_by_any_of_their_names(name: str, expected: bool) -> None:
    assert types.is_called(name, "access", protos.packed(rbac_pb2.RBAC())) is expected

from __future__ import annotations

from typing import Any

from envoy.config.cluster.v3 import cluster_pb2
from envoy.config.listener.v3 import listener_components_pb2
from envoy.config.route.v3 import route_components_pb2
from envoy.extensions.filters.http.router.v3 import router_pb2
from envoy.extensions.upstreams.http.v3 import http_protocol_options_pb2
from envoy.extensions.wasm.v3 import wasm_pb2
from google.protobuf import any_pb2, json_format, struct_pb2
from xds.type.v3 import typed_struct_pb2

from tulle.envoy import protos
from tulle.envoy.patching.merging import merge, merge_any

OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"


def merged(target: Any, given: dict[str, Any], **more: Any) -> dict[str, Any]:
    merge(target, json_format.ParseDict(given, type(target)()), given, **more)
    found: dict[str, Any] = json_format.MessageToDict(target, preserving_proto_field_name=True)
    return found


def test_durations_and_wrappers_are_one_value() -> None:
    cluster = cluster_pb2.Cluster(connect_timeout=protos.seconds(1.5))
    cluster.per_connection_buffer_limit_bytes.value = 5
    found = merged(cluster, {"connect_timeout": "2s", "per_connection_buffer_limit_bytes": 0})
    assert (found["connect_timeout"], found["per_connection_buffer_limit_bytes"]) == ("2s", 0)


def test_lists_become_longer_or_are_replaced() -> None:
    given = {"domains": ["b"], "request_headers_to_remove": []}
    host = route_components_pb2.VirtualHost(domains=["a"])
    assert merged(host, given)["domains"] == ["a", "b"]
    assert merged(host, given, replaces_lists=True)["domains"] == ["b"]


def test_messages_are_merged_field_by_field() -> None:
    route = route_components_pb2.Route(name="a")
    route.route.cluster = "c"
    found = merged(route, {"route": {"timeout": "3s"}, "metadata": {"filter_metadata": {"x": {"a": 1}}}})
    assert found["route"] == {"cluster": "c", "timeout": "3s"}
    assert found["metadata"] == {"filter_metadata": {"x": {"a": 1}}}
    assert merged(route, {"redirect": {"https_redirect": True}})["redirect"] == {"https_redirect": True}
    assert not route.HasField("route")


def test_what_is_written_as_nothing_counts() -> None:
    cluster = cluster_pb2.Cluster(lb_policy=cluster_pb2.Cluster.RANDOM, name="a")
    assert merged(cluster, {"lbPolicy": "ROUND_ROBIN"}) == {"name": "a"}
    assert merged(cluster, {"name": ""}) == {}


def test_configurations_of_one_type_are_merged_also_in_maps() -> None:
    cluster = cluster_pb2.Cluster()
    options = http_protocol_options_pb2.HttpProtocolOptions()
    options.explicit_http_config.http2_protocol_options.SetInParent()
    options.common_http_protocol_options.idle_timeout.CopyFrom(protos.seconds(1))
    cluster.typed_extension_protocol_options[OPTIONS].CopyFrom(protos.packed(options))
    given = {"@type": f"type.googleapis.com/{OPTIONS}", "common_http_protocol_options": {"idle_timeout": "5s"}}
    found = merged(cluster, {"typed_extension_protocol_options": {OPTIONS: given}})
    assert found["typed_extension_protocol_options"][OPTIONS] == {
        "@type": f"type.googleapis.com/{OPTIONS}",
        "common_http_protocol_options": {"idle_timeout": "5s"},
        "explicit_http_config": {"http2_protocol_options": {}},
    }


def test_entries_of_maps_are_replaced() -> None:
    struct = struct_pb2.Struct()
    struct.update({"a": 1, "b": 2})
    assert merged(struct, {"b": 3}) == {"a": 1, "b": 3}
    variables = wasm_pb2.EnvironmentVariables(key_values={"a": "1", "b": "2"})
    assert merged(variables, {"key_values": {"b": "3"}})["key_values"] == {"a": "1", "b": "3"}


def test_another_type_takes_the_place_of_what_was_there() -> None:
    target, other = protos.packed(router_pb2.Router(suppress_envoy_headers=True)), protos.packed(struct_pb2.Struct())
    merge_any(target, other)
    assert target == other
    unknown = any_pb2.Any(type_url="type.googleapis.com/a.B", value=b"x")
    merge_any(unknown, any_pb2.Any(type_url="type.googleapis.com/a.B", value=b"y"))
    assert unknown.value == b"y"


def test_configurations_without_a_class_are_merged_too() -> None:
    def struct(type_url: str, **values: int) -> any_pb2.Any:
        found = typed_struct_pb2.TypedStruct(type_url=type_url)
        found.value.update(values)
        return protos.packed(found)

    filter = listener_components_pb2.Filter(typed_config=struct("x/a.B", a=1))
    merge_any(filter.typed_config, struct("x/a.B", b=2))
    assert filter.typed_config == struct("x/a.B", a=1, b=2)
    merge_any(filter.typed_config, struct("x/a.C", b=2))
    assert filter.typed_config == struct("x/a.C", b=2)

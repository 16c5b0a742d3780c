from __future__ import annotations

from typing import Any

import pytest
from xds.type.v3 import typed_struct_pb2

from tests.envoy.changes import LUA, change, changes
from tulle.envoy import naming
from tulle.envoy.patching import values
from tulle.model.names import Name

BODY_LIMIT = "envoy.extensions.filters.http.body_size_limit.v3.BodySizeLimit"

ANY = "google.protobuf.Any"


def test_a_value_is_a_message_of_its_place() -> None:
    found: Any = values.message(change("CLUSTER", "MERGE", {"connectTimeout": "1s", "lb_policy": "RANDOM"}))
    assert (found.connect_timeout.seconds, found.lb_policy) == (1, 3)
    found.name = "changed"
    assert values.message(change("CLUSTER", "MERGE", {"connectTimeout": "1s", "lb_policy": "RANDOM"})) != found


def test_extensions_without_a_class_are_kept() -> None:
    value = {"name": "a", "typed_config": {"@type": f"x/{BODY_LIMIT}", "max": [1]}}
    found: Any = values.message(change("HTTP_FILTER", "ADD", value))
    struct = typed_struct_pb2.TypedStruct()
    assert found.typed_config.Unpack(struct)
    assert struct.type_url == f"type.googleapis.com/{BODY_LIMIT}"
    assert dict(struct.value) == {"max": [1]}


@pytest.mark.parametrize(
    ("place", "value", "problem"),
    [
        ("CLUSTER", {"nam": "a"}, "has a value that is no Cluster of Envoy: "),
        (
            "HTTP_FILTER",
            {"typed_config": {"@type": f"x/{ANY}", "value": {"@type": f"x/{ANY}"}}},
            "has a value that is no HttpFilter of Envoy: ",
        ),
        ("CLUSTER", {"lb_policy": "BEST"}, "has a value that is no Cluster of Envoy: "),
        ("CLUSTER", {"connect_timeout": "soon"}, "has a value that is no Cluster of Envoy: "),
        (
            "HTTP_FILTER",
            {"typed_config": {"@type": "x/envoy.extensions.filters.http.lua.v3.Lu"}},
            'has a value of the type "envoy.extensions.filters.http.lua.v3.Lu", which does not exist',
        ),
        ("HTTP_FILTER", {"typed_config": {"@type": 5}}, 'has an "@type" that is no text'),
        ("BOOTSTRAP", {}, "cannot be done: BOOTSTRAP of a proxy is not changed here"),
    ],
)
def test_what_is_no_message_is_a_finding(place: str, value: object, problem: str) -> None:
    bad = change(place, "MERGE", value)
    patches = changes(bad, change("CLUSTER", "REMOVE"), change("HTTP_FILTER", "ADD", LUA))
    (finding,) = values.check(patches)
    assert finding.is_error
    assert finding.message.startswith(f"EnvoyFilter it: MERGE of {place} {problem}")
    assert values.usable(patches) == patches.patches[1:]
    with pytest.raises(values.Unusable):
        values.message(bad)


def test_names_of_clusters_are_ours_wherever_they_stand() -> None:
    code = 'handle:httpCall("outbound|80||a.b.svc.cluster.local", {})'
    value = {"name": "a", "typed_config": {**LUA["typed_config"], "default_source_code": {"inline_string": code}}}  # type: ignore[dict-item]
    route = change("HTTP_ROUTE", "MERGE", {"route": {"cluster": "outbound|9000|v1|c.d.svc.cluster.local"}})
    patches = changes(change("HTTP_FILTER", "ADD", value), route)
    found: Any = values.message(route)
    assert found.route.cluster == "outbound|9000|v1|c.d"
    assert b"outbound|80||a.b" in values.message(patches.patches[0]).SerializeToString()
    assert values.clusters_of(patches) == {
        naming.ClusterName(Name("b", "a"), 80, ""),
        naming.ClusterName(Name("d", "c"), 9000, "v1"),
    }
    assert values.clusters_of(changes()) == frozenset()


def test_configurations_in_changes_of_their_own() -> None:
    patch = change("EXTENSION_CONFIG", "ADD", LUA)
    assert [found.name for _, found in values.extensions((changes(patch, change("CLUSTER", "REMOVE")),))] == [
        "envoy.filters.http.lua"
    ]

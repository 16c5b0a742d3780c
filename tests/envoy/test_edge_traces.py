from __future__ import annotations

from typing import Any

from tests.envoy.decoded import as_json, decoded
from tests.envoy.kitchen import HERE, http, service
from tulle.envoy import edge_traces
from tulle.envoy.edge_traces import Manager
from tulle.envoy.gateway import compile_gateway
from tulle.envoy.gateway_hosts import Memory
from tulle.model.listeners import Entrance, Listener
from tulle.model.mesh import Mesh
from tulle.model.names import Name
from tulle.model.observing import Observed, RequestTraces
from tulle.xds.snapshot import CLUSTER, LISTENER

COLLECTOR = Name("default", "collector")
TRACES = RequestTraces(collector=COLLECTOR, authority="a.test:4317", service_name="edge", headers=(("x-key", "k"),))


def traced(traces: RequestTraces) -> Any:
    manager = Manager()
    edge_traces.trace(manager, traces, "there")
    return as_json(manager)["tracing"]


def test_collectors_are_called_by_grpc() -> None:
    config = traced(TRACES)["provider"]["typed_config"]
    assert config["grpc_service"]["envoy_grpc"] == {"cluster_name": "there", "authority": "a.test:4317"}
    assert config["grpc_service"]["initial_metadata"] == [{"key": "x-key", "value": "k"}]
    assert config["service_name"] == "edge"
    assert "resource_detectors" not in config


def test_collectors_are_called_by_http() -> None:
    traces = RequestTraces(
        collector=COLLECTOR,
        path="/v1/traces",
        authority="a.test:4318",
        share=0.25,
        attributes=(("a", "b"),),
        request_headers=("X-A",),
        response_headers=("X-B",),
        headers=(("x-key", "k"),),
    )
    found = traced(traces)
    config = found["provider"]["typed_config"]
    assert config["http_service"]["http_uri"]["uri"] == "http://a.test:4318/v1/traces"
    assert config["http_service"]["request_headers_to_add"][0]["header"] == {"key": "x-key", "value": "k"}
    assert config["resource_detectors"][0]["typed_config"]["attributes"] == {"a": "b"}
    share = config["sampler"]["typed_config"]["wrapped_sampler"]["typed_config"]["sampling_percentage"]
    assert share == {"numerator": 250000, "denominator": "MILLION"}
    assert [each["tag"] for each in found["custom_tags"]] == ["http.request.header.x-a", "http.response.header.x-b"]


def compiled(*services: Any) -> Any:
    entrance = Entrance(observed=Observed(place="web", traces=TRACES))
    mesh = Mesh(
        services={each.name: each for each in services},
        listeners={Name("", "web"): Listener(name=Name("", "web"), origin=HERE, port=80, entrance=entrance)},
    )
    return compile_gateway(mesh, Memory())


def test_gateways_have_the_cluster_of_the_collector() -> None:
    found = compiled(service("collector", http()))
    assert list(found.table(CLUSTER)) == ["outbound|8000||collector.default"]
    assert '"tracing"' in str(decoded(found.table(LISTENER)["gateway|127.0.0.1:80"])).replace("'", '"')


def test_without_a_collector_nothing_is_traced() -> None:
    found = compiled()
    assert found.table(CLUSTER) == {}
    assert "'tracing'" not in str(decoded(found.table(LISTENER)["gateway|127.0.0.1:80"]))

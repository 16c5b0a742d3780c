from __future__ import annotations

import re

import pytest
from envoy.config.bootstrap.v3 import bootstrap_pb2
from envoy.extensions.bootstrap.internal_listener.v3 import internal_listener_pb2  # noqa: F401
from envoy.extensions.resource_monitors.downstream_connections.v3 import downstream_connections_pb2  # noqa: F401
from envoy.extensions.upstreams.http.v3 import http_protocol_options_pb2  # noqa: F401
from google.protobuf.json_format import ParseDict

from tulle.envoy import bootstrap
from tulle.xds.messages import Node

MADE = bootstrap.bootstrap(Node("web-1", "web", {"role": "sidecar"}), xds_socket="/x", admin_socket="/a")


def test_envoy_knows_every_field() -> None:
    message = ParseDict(MADE, bootstrap_pb2.Bootstrap())
    assert message.node.id == "web-1"
    assert message.node.metadata.fields["role"].string_value == "sidecar"
    assert message.admin.address.pipe.path == "/a"
    assert message.admin.address.pipe.mode == 0o600


def test_a_gateway_knows_its_consultant() -> None:
    assert [each["name"] for each in MADE["static_resources"]["clusters"]] == ["xds"]  # type: ignore[index]
    made = bootstrap.bootstrap(Node("gw"), xds_socket="/x", admin_socket="/a", consultant_socket="/c")
    message = ParseDict(made, bootstrap_pb2.Bootstrap())
    _, consultant = message.static_resources.clusters
    assert consultant.name == bootstrap.CONSULTANT
    (place,) = consultant.load_assignment.endpoints[0].lb_endpoints
    assert place.endpoint.address.pipe.path == "/c"
    # Every request that is counted is one of it, as long as it lasts.
    assert consultant.circuit_breakers.thresholds[0].max_requests.value >= 1_000_000


def test_it_waits_for_its_configuration_for_ever() -> None:
    message = ParseDict(MADE, bootstrap_pb2.Bootstrap())
    for source in (message.dynamic_resources.cds_config, message.dynamic_resources.lds_config):
        assert source.HasField("initial_fetch_timeout")
        assert source.initial_fetch_timeout.seconds == 0


@pytest.mark.parametrize(
    ("name", "is_kept"),
    [
        ("cluster.web.default_80.upstream_rq_total", True),
        ("cluster.web.default_80.upstream_rq_5xx", True),
        ("cluster.web.default_80.upstream_rq_503", False),
        ("cluster.web.default_80.upstream_cx_connect_ms", False),
        ("cluster.web.default_80.membership_healthy", True),
        ("listener.out.downstream_cx_active", True),
        ("listener.out.worker_0.downstream_cx_active", False),
    ],
)
def test_statistics_that_nobody_reads_are_not_made(name: str, is_kept: bool) -> None:
    patterns = (bootstrap.LISTENER_STATISTICS, bootstrap.CLUSTER_STATISTICS)
    assert any(re.fullmatch(each, name) for each in patterns) is is_kept

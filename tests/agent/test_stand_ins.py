from __future__ import annotations

import pytest
from envoy.config.route.v3.route_components_pb2 import VirtualHost

from tulle.agent.stand_ins import is_demand, stand_in


@pytest.mark.parametrize(
    ("name", "asks"),
    [
        ("outbound.default/web", True),
        ("outbound.default/web:80", True),
        ("outbound.default", False),
        ("outbound.default/", False),
        ("/web", False),
        ("gateway.http/*", False),
    ],
)
def test_only_a_name_with_an_authority_asks_for_one_host(name: str, asks: bool) -> None:
    assert is_demand(name) is asks


def test_a_stand_in_says_why_to_requests_and_tunnels() -> None:
    resource = stand_in("outbound.default/web:80", "the control plane is away")
    host = VirtualHost.FromString(resource.body)
    assert resource.name == host.name == "outbound.default/web:80"
    assert list(host.domains) == ["web:80"]
    assert host.routes[0].match.HasField("connect_matcher")
    for route in host.routes:
        assert route.direct_response.status == 503
        assert route.response_headers_to_add[0].header.key == "x-tulle-reason"
        assert route.response_headers_to_add[0].header.value == "the control plane is away"

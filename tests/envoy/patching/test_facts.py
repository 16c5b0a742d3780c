from __future__ import annotations

import pytest

from tulle.envoy.patching import facts
from tulle.envoy.patching.facts import Facts
from tulle.model.extensions import PatchContext, PatchMatch

INBOUND = Facts(PatchContext.SIDECAR_INBOUND, frozenset((9080, 8000)), ("a.b.svc.cluster.local",))
OUTBOUND = Facts(PatchContext.SIDECAR_OUTBOUND, frozenset((9080,)))
GATEWAY = Facts(PatchContext.GATEWAY, frozenset((8080, 80)), gateways=(("default/edge", "web"),))


@pytest.mark.parametrize(
    ("context", "is_mine"),
    [(PatchContext.ANY, True), (PatchContext.GATEWAY, True), (PatchContext.SIDECAR_INBOUND, False)],
)
def test_sides(context: PatchContext, is_mine: bool) -> None:
    assert facts.is_in(context, GATEWAY) is is_mine


def test_ports_of_gateways_may_have_been_moved() -> None:
    assert facts.gateway_ports(8080) == {8080, 80}
    assert facts.gateway_ports(15443) == {15443}
    assert facts.gateway_ports(8000) == {8000}


@pytest.mark.parametrize(
    ("match", "name", "about", "expected"),
    [
        (PatchMatch(), "x", OUTBOUND, True),
        (PatchMatch(listener="x"), "x", OUTBOUND, True),
        (PatchMatch(listener="y"), "x", OUTBOUND, False),
        (PatchMatch(listener="virtualInbound"), "inbound|http", INBOUND, True),
        (PatchMatch(listener="virtualInbound"), "outbound", OUTBOUND, False),
        (PatchMatch(listener="virtualInbound", port=9080), "inbound|http", INBOUND, True),
        (PatchMatch(listener="virtualInbound", port=1), "inbound|http", INBOUND, False),
        (PatchMatch(listener="virtualOutbound"), "outbound", OUTBOUND, True),
        (PatchMatch(listener="virtualOutbound"), "forward|1|a", OUTBOUND, False),
        (PatchMatch(listener="0.0.0.0_80"), "x", GATEWAY, True),
        (PatchMatch(listener="0.0.0.0_81"), "x", GATEWAY, False),
        (PatchMatch(listener="[::]_8080"), "x", GATEWAY, True),
    ],
)
def test_listeners(match: PatchMatch, name: str, about: Facts, expected: bool) -> None:
    assert facts.is_listener(match, name, about) is expected


@pytest.mark.parametrize(
    ("match", "about", "expected"),
    [
        (PatchMatch(), OUTBOUND, True),
        (PatchMatch(port=1), OUTBOUND, False),
        (PatchMatch(route_configuration="x"), OUTBOUND, True),
        (PatchMatch(route_configuration="9080"), OUTBOUND, True),
        (PatchMatch(route_configuration="9081"), OUTBOUND, False),
        (PatchMatch(route_configuration="9080"), INBOUND, False),
        (PatchMatch(route_configuration="http_proxy"), OUTBOUND, True),
        (PatchMatch(route_configuration="http_proxy"), GATEWAY, False),
        (PatchMatch(route_configuration="inbound|9080||"), INBOUND, True),
        (PatchMatch(route_configuration="inbound|||"), INBOUND, True),
        (PatchMatch(route_configuration="inbound|1||"), INBOUND, False),
        (PatchMatch(route_configuration="inbound|9080||"), OUTBOUND, False),
        (PatchMatch(route_configuration="http.80"), GATEWAY, True),
        (PatchMatch(route_configuration="http.81"), GATEWAY, False),
        (PatchMatch(route_configuration="http.9080"), OUTBOUND, False),
        (PatchMatch(route_configuration="other"), GATEWAY, False),
        (PatchMatch(route_configuration="https.8080.web.edge.default"), GATEWAY, True),
        (PatchMatch(route_configuration="https.8080.web.edge.other"), GATEWAY, False),
        (PatchMatch(gateway="default/edge", port_name="web"), GATEWAY, True),
        (PatchMatch(gateway="edge"), GATEWAY, False),
        (PatchMatch(port_name="x"), GATEWAY, False),
    ],
)
def test_route_configurations(match: PatchMatch, about: Facts, expected: bool) -> None:
    assert facts.is_route_configuration(match, "x", about) is expected


@pytest.mark.parametrize(
    ("match", "about", "expected"),
    [
        (PatchMatch(), OUTBOUND, True),
        (PatchMatch(virtual_host="x"), OUTBOUND, True),
        (PatchMatch(virtual_host="a.b.svc.cluster.local:9080"), OUTBOUND, True),
        (PatchMatch(virtual_host="a.example:80"), GATEWAY, True),
        (PatchMatch(virtual_host="a.example:81"), GATEWAY, False),
        (PatchMatch(virtual_host="b.example:80"), GATEWAY, False),
        (PatchMatch(virtual_host="b"), GATEWAY, False),
        (PatchMatch(virtual_host="inbound|http|9080"), INBOUND, True),
        (PatchMatch(virtual_host="inbound|http|x"), INBOUND, False),
        (PatchMatch(virtual_host="inbound|http|9080"), OUTBOUND, False),
        (PatchMatch(domain="a.example"), GATEWAY, True),
        (PatchMatch(domain="b.example"), GATEWAY, False),
    ],
)
def test_virtual_hosts(match: PatchMatch, about: Facts, expected: bool) -> None:
    assert facts.is_virtual_host(match, "x", ("a.example", "a.b.svc.cluster.local:9080"), about) is expected


@pytest.mark.parametrize(
    ("match", "name", "expected"),
    [
        (PatchMatch(), "x", True),
        (PatchMatch(cluster="x"), "x", True),
        (PatchMatch(cluster="y"), "x", False),
        (PatchMatch(cluster="outbound|9080|v1|a.b.svc.cluster.local"), "outbound|9080|v1|a.b", True),
        (PatchMatch(cluster="outbound|9080||a.b.svc.cluster.local"), "outbound|9080|v1|a.b", False),
        (PatchMatch(cluster="PassthroughCluster"), "outside", True),
        (PatchMatch(service="A.b.svc.cluster.local", port=9080), "outbound|9080||a.b", True),
        (PatchMatch(service="a"), "outbound|9080||a.b", False),
        (PatchMatch(port=1), "outbound|9080||a.b", False),
        (PatchMatch(subset="v1"), "outbound|9080|v1|a.b", True),
        (PatchMatch(subset="v1"), "outbound|9080||a.b", False),
    ],
)
def test_clusters(match: PatchMatch, name: str, expected: bool) -> None:
    assert facts.is_cluster(match, name, INBOUND) is expected

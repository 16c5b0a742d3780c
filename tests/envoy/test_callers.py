from __future__ import annotations

from tests.envoy.kitchen import instance
from tulle.envoy.callers import ANYBODY, Caller
from tulle.model.mesh import Settings
from tulle.model.names import Name
from tulle.model.policies import Locality


def test_a_workload_is_where_its_labels_say() -> None:
    found = Caller.of(instance("web", "v1"))
    assert found == Caller(namespace="default", account="web", labels=(("app", "web"), ("version", "v1")))
    assert found.name == Name("default", "web")
    assert found.lives_in("istio-system") == "default"


def test_policies_of_the_gateway_are_those_of_the_mesh() -> None:
    labels = (("istio", "ingressgateway"), ("topology.kubernetes.io/region", "eu"))
    found = Caller.gateway(Settings(gateway_labels=labels))
    assert found.is_gateway
    assert found.lives_in("istio-system") == "istio-system"
    assert found.locality == Locality(region="eu")
    assert not ANYBODY.is_gateway

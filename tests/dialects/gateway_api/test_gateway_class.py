from __future__ import annotations

from tests.dialects.gateway_api.conftest import Complain, Say
from tulle.model.objects import GatewayClass


def test_a_class(say: Say) -> None:
    found = say("GatewayClass", "controllerName: x.io/ctl\ndescription: for tests")
    (made,) = found.objects
    assert not found.findings and isinstance(made, GatewayClass)
    assert (made.name, made.controller, made.kind) == ("it", "x.io/ctl", "GatewayClass")


def test_what_has_no_effect(say: Say, complain: Complain) -> None:
    text = 'controllerName: x.io/ctl\nparametersRef: {group: "", kind: ConfigMap, name: a, namespace: b}'
    assert complain("GatewayClass", text) == [
        '2 warning: "spec.parametersRef" has no effect: parameters of other implementations are unknown here'
    ]
    (made,) = say("GatewayClass", text).objects
    assert isinstance(made, GatewayClass) and made.parameters_problem == "parameters of kind ConfigMap are unknown here"


def test_a_class_that_cannot_be_read(complain: Complain) -> None:
    assert complain("GatewayClass", "controllerName: ctl") == [
        '1 error: "spec.controllerName" must be a name with a path such as tulle/gateway, not "ctl"'
    ]

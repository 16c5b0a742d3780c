from __future__ import annotations

import pytest

from tests.dialects.gateway_api.conftest import Complain, Say
from tulle.model.listeners import Admission, LabelSelector
from tulle.model.names import Name
from tulle.model.objects import Gateway

TEXT = "gatewayClassName: a\nlisteners: [{name: one, port: 80, protocol: HTTP}]\n"


def gateway(say: Say, text: str) -> Gateway:
    (found,) = say("Gateway", text).objects
    assert isinstance(found, Gateway)
    return found


def test_a_gateway(say: Say) -> None:
    for version in ("v1", "v1beta1"):
        found = say("Gateway", TEXT, f"gateway.networking.k8s.io/{version}")
        assert not found.findings and len(found.listeners) == 1
    made = gateway(say, TEXT)
    assert (made.name, made.class_name, made.problems, made.sets_from) == (Name("shop", "it"), "a", (), None)


@pytest.mark.parametrize(
    ("allowed", "expected"),
    [
        ("{}", None),
        ("{namespaces: {}}", None),
        ("{namespaces: {from: None}}", None),
        ("{namespaces: {from: Same}}", Admission(namespaces=("shop",))),
        ("{namespaces: {from: All}}", Admission()),
        (
            "{namespaces: {from: Selector, selector: {matchLabels: {a: b}}}}",
            Admission(selector=LabelSelector((("a", "b"),))),
        ),
    ],
)
def test_whose_listener_sets_are_taken(say: Say, allowed: str, expected: Admission | None) -> None:
    assert gateway(say, f"{TEXT}allowedListeners: {allowed}").sets_from == expected


def test_addresses(say: Say) -> None:
    found = say("Gateway", f"{TEXT}addresses: [{{value: 127.0.0.7}}, {{type: IPAddress, value: '::1'}}, {{value: ''}}]")
    assert not found.findings
    assert [(each.name.name, each.section, each.address, each.has_own_addresses) for each in found.listeners] == [
        ("it/one", "one", "127.0.0.7", True),
        ("it/one@::1", "one", "::1", True),
    ]


def test_addresses_that_cannot_be(say: Say, complain: Complain) -> None:
    text = f"{TEXT}addresses: [{{type: Hostname, value: a.example}}]"
    message = "an address is an IPAddress here, not a Hostname"
    assert complain("Gateway", text) == [
        f'3 warning: "spec.addresses[0].type" cannot be used: {message}; leave addresses out'
    ]
    assert gateway(say, text).problems == (("Accepted", "UnsupportedAddress", message),)
    assert complain("Gateway", f"{TEXT}addresses: [{{value: a}}, {{value: 127.0.0.1}}, {{value: 127.0.0.1}}]") == [
        '3 error: "spec.addresses[0].value" must be an IP address such as 127.0.0.5, not "a"',
        '3 error: "spec.addresses[2].value" is written twice; addresses must differ',
    ]


def test_what_has_no_effect(complain: Complain) -> None:
    more = "infrastructure: {labels: {a: b}}\ndefaultScope: All"
    assert complain("Gateway", TEXT + more) == [
        '3 warning: "spec.infrastructure.labels" has no effect: nothing is deployed for a gateway here',
        '4 warning: "spec.defaultScope" has no effect: routes name their gateways in parentRefs',
    ]


def test_parameters(say: Say, complain: Complain) -> None:
    text = f"{TEXT}infrastructure: {{parametersRef: {{group: x.io, kind: Odd, name: a}}}}"
    message = "parameters of kind Odd of x.io are unknown here"
    assert gateway(say, text).problems == (("Accepted", "InvalidParameters", message),)
    path = '"spec.infrastructure.parametersRef"'
    assert complain("Gateway", text) == [f"3 warning: {path} cannot be used: {message}; the gateway does not listen"]
    text = text.replace("x.io", "''").replace("Odd", "ConfigMap")
    assert not gateway(say, text).problems
    assert complain("Gateway", text) == [f"3 warning: {path} has no effect: nothing is deployed for a gateway here"]
    assert gateway(say, text.replace("ConfigMap", "Odd")).problems[0][2] == "parameters of kind Odd are unknown here"


def test_a_gateway_that_cannot_be_read(complain: Complain) -> None:
    assert complain("Gateway", "gatewayClassName: a\nlisteners: []") == [
        '2 error: "spec.listeners" is empty; name at least one'
    ]

from __future__ import annotations

import pytest

from tests.dialects.gateway_api.conftest import Complain, Say
from tulle.model.names import Name
from tulle.model.objects import ListenerSet

TEXT = "parentRef: {name: gw, namespace: infra}\nlisteners: [{name: one, port: 80, protocol: HTTP}]"


@pytest.mark.parametrize(
    ("kind", "version"),
    [("ListenerSet", "gateway.networking.k8s.io/v1"), ("XListenerSet", "gateway.networking.x-k8s.io/v1alpha1")],
)
def test_a_set(say: Say, kind: str, version: str) -> None:
    found = say(kind, TEXT, version)
    assert not found.findings
    (made,) = found.objects
    assert isinstance(made, ListenerSet)
    assert (made.name, made.parent, made.kind) == (Name("shop", "it"), Name("infra", "gw"), kind)
    assert made.parent_origin is not None and made.parent_origin.line == 5
    (listener,) = found.listeners
    assert listener.gateway == made.key == Name("shop", "ListenerSet/it")
    assert listener.name == Name("shop", "ListenerSet/it/one")


def test_the_parent_is_a_gateway(complain: Complain) -> None:
    assert complain("ListenerSet", TEXT.replace("name: gw", "name: gw, kind: Service")) == [
        '1 error: "spec.parentRef" names a Service; listeners can only be added to a Gateway'
    ]


def test_a_set_that_cannot_be_read(complain: Complain) -> None:
    assert complain("ListenerSet", "listeners: [{name: a, port: 1, protocol: HTTP}]") == [
        '0 error: "spec.parentRef" is missing'
    ]

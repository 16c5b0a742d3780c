from __future__ import annotations

from tests.dialects.gateway_api.conftest import Complain, Say
from tulle.model.names import Name
from tulle.model.objects import Grant, GrantFrom, GrantTo


def test_a_grant(say: Say) -> None:
    text = """
from: [{group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: far}]
to: [{group: "", kind: Service}, {group: "", kind: Secret, name: cert}]
"""
    for version in ("v1", "v1beta1", "v1alpha2"):
        found = say("ReferenceGrant", text, f"gateway.networking.k8s.io/{version}")
        (made,) = found.objects
        assert not found.findings and isinstance(made, Grant) and made.name == Name("shop", "it")
        assert made.sources == (GrantFrom(group="gateway.networking.k8s.io", kind="HTTPRoute", namespace="far"),)
        assert made.targets == (GrantTo(group="", kind="Service"), GrantTo(group="", kind="Secret", name="cert"))


def test_a_grant_that_cannot_be_read(complain: Complain) -> None:
    assert complain("ReferenceGrant", "from: []\nto: [{group: '', kind: Service}]") == [
        '1 error: "spec.from" is empty; name at least one'
    ]

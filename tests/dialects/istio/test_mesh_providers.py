from __future__ import annotations

import pytest
from pydantic import ValidationError

from tulle.dialects.istio.mesh_providers import ExtAuthz, service_of
from tulle.model.names import Name


@pytest.mark.parametrize(
    ("text", "name", "host"),
    [
        ("ext-authz.foo.svc.cluster.local", Name("foo", "ext-authz"), ""),
        ("Ext-Authz.foo.svc", Name("foo", "ext-authz"), ""),
        ("ext-authz", Name("default", "ext-authz"), ""),
        ("foo/ext-authz", Name("foo", "ext-authz"), ""),
        ("bar/ext-authz.foo.svc.cluster.local", Name("foo", "ext-authz"), ""),
        ("external-authz-grpc.local", Name("default", "external-authz-grpc.local"), "external-authz-grpc.local"),
        ("bar/my-authz.example.com", Name("bar", "my-authz.example.com"), "my-authz.example.com"),
    ],
)
def test_hosts_are_services(text: str, name: Name, host: str) -> None:
    assert service_of(text) == (name, host)


@pytest.mark.parametrize("port", [9000, "9000"])
def test_ports_may_be_in_quotes(port: object) -> None:
    assert ExtAuthz.model_validate({"service": "a", "port": port}).port == 9000


@pytest.mark.parametrize("port", ["", "x", "-1", "٣", "70000"])
def test_but_must_be_numbers(port: object) -> None:
    with pytest.raises(ValidationError):
        ExtAuthz.model_validate({"service": "a", "port": port})

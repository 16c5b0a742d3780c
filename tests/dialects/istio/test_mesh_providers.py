from __future__ import annotations

import pytest

from tulle.dialects.istio.mesh_providers import service_of
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

from __future__ import annotations

import pytest

from tulle.dialects.istio.mesh_providers import service_name
from tulle.model.names import Name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("ext-authz.foo.svc.cluster.local", Name("foo", "ext-authz")),
        ("ext-authz.foo.svc", Name("foo", "ext-authz")),
        ("Ext-Authz.foo", Name("foo", "ext-authz")),
        ("ext-authz", Name("default", "ext-authz")),
        ("foo/ext-authz", Name("foo", "ext-authz")),
        ("bar/ext-authz.foo.svc.cluster.local", Name("foo", "ext-authz")),
        ("foo/authz.example", Name("foo", "authz.example")),
        ("my-authz.example.com", Name("default", "my-authz.example.com")),
    ],
)
def test_hosts_are_services(text: str, name: Name) -> None:
    assert service_name(text) == name

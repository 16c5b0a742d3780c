from __future__ import annotations

from typing import Any

import pytest

from tulle.model.extensions import Scope
from tulle.model.mesh import Fragment


def test_what_workloads_see(read: Any) -> None:
    fragment: Fragment = read(
        "scopes: {narrow: {labels: {app: web}, hosts: [./*, shop/A.example.org], outside: known, "
        "ingress: {port: 80, protocol: grpc, application: /run/x}, connections: {requests: 3}}}"
    )
    (scope,) = fragment.objects
    assert isinstance(scope, Scope) and scope.inbound_pool is not None
    assert (scope.hosts, scope.is_registry_only) == (((".", "*"), ("shop", "a.example.org")), True)
    assert [(each.port, each.protocol, each.application) for each in scope.ingress] == [(80, "grpc", "/run/x")]
    assert scope.inbound_pool.max_requests_per_connection == 3


def test_without_hosts_they_see_everything(read: Any) -> None:
    (scope,) = read("scopes: {open: {outside: allow}}").objects
    assert (scope.hosts, scope.is_registry_only, scope.inbound_pool) == (None, False, None)


@pytest.mark.parametrize("host", ["web", "A/*", "./a b"])
def test_mistakes_are_told_in_a_sentence(read: Any, host: str) -> None:
    (finding,) = read(f"scopes: {{narrow: {{hosts: '{host}'}}}}").findings
    words = f'must be namespace/host such as shop/*, ./* or */api.example.org, not "{host}"'
    assert finding.message == f'scope narrow: "hosts[0]" {words}'

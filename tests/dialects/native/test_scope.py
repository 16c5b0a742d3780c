from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.dialects.native.texts import messages
from tulle.model.extensions import Scope
from tulle.model.mesh import Fragment
from tulle.model.names import Name

Read = Callable[[str], Fragment]


def test_workloads_see_what_their_scope_names(read: Read) -> None:
    (scope,) = read(
        "scopes:\n  web:\n    namespace: shop\n    labels: {app: web}\n    hosts: [./*, '*/API.example.org', ~/*]\n"
        "    outside: known\n    ingress:\n    - {port: 80, application: '127.0.0.1:8080'}\n"
        "    - {port: 9, protocol: tcp}\n    connections: {requests: 7}\n"
    ).objects
    assert isinstance(scope, Scope)
    assert (scope.name, scope.selector) == (Name("shop", "web"), (("app", "web"),))
    assert scope.hosts == ((".", "*"), ("*", "api.example.org"), ("~", "*"))
    assert scope.is_registry_only is True
    assert [(it.port, it.protocol, it.application, it.origin.line) for it in scope.ingress] == [
        (80, "http", "127.0.0.1:8080", 8),
        (9, "tcp", "", 9),
    ]
    assert scope.inbound_pool is not None and scope.inbound_pool.max_requests_per_connection == 7


def test_a_scope_that_says_nothing_changes_nothing(read: Read) -> None:
    (scope,) = read("scopes: {all: {}}").objects
    assert isinstance(scope, Scope)
    assert (scope.hosts, scope.is_registry_only, scope.ingress, scope.inbound_pool) == (None, None, (), None)


def test_whether_hosts_outside_are_called_may_be_said_either_way(read: Read) -> None:
    (scope,) = read("scopes: {all: {outside: allow, hosts: []}}").objects
    assert isinstance(scope, Scope) and scope.is_registry_only is False and scope.hosts == ()


@pytest.mark.parametrize("host", ['"web"', "7", '"Shop/*"', '"shop/a b"'])
def test_what_is_seen_has_a_namespace_and_a_host(read: Read, host: str) -> None:
    (message,) = messages(read, f"scopes: {{all: {{hosts: [{host}]}}}}")
    assert message == (
        f'scope all: "hosts[0]" must be namespace/host such as shop/*, ./* or */api.example.org, not {host}'
    )


def test_where_applications_are(read: Read) -> None:
    text = "scopes: {{a: {{ingress: [{{port: 80, application: '{place}'}}]}}}}"
    for place in ("", "127.0.0.1:80", "[::1]:65535", "/a/b"):
        assert read(text.format(place=place)).findings == ()
    for place in ("a:80", "127.0.0.1:0", "127.0.0.1:65536", "80", f"/{'a' * 107}"):
        (finding,) = read(text.format(place=place)).findings
        assert "must be an address such as 127.0.0.1:8080, or the path of a Unix socket" in finding.message

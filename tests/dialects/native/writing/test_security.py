from __future__ import annotations

from typing import Any

import pytest

from tulle.dialects.native.writing import security
from tulle.kit.located_yaml import parse
from tulle.model.extensions import Scope, Telemetry
from tulle.model.mesh import Fragment
from tulle.model.security import AccessPolicy, PeerAuthentication, RequestAuthentication


def written(thing: object) -> Any:
    if isinstance(thing, AccessPolicy):
        return security.access(thing)
    if isinstance(thing, PeerAuthentication):
        return security.peers(thing)
    if isinstance(thing, Scope):
        return security.scope(thing)
    if isinstance(thing, Telemetry):
        return security.logging(thing)
    assert isinstance(thing, RequestAuthentication)
    return security.token(thing.rules[0], thing.selector, thing.targets)


@pytest.mark.parametrize(
    ("section", "text"),
    [
        ("access", "{}"),
        ("access", "{labels: {app: web}, action: deny, rules: [{}], dry_run: true}"),
        ("access", "{services: [a, b], action: ask, authorizer: x, rules: {from: {accounts: a}}}"),
        ("access", "{rules: [{from: [{namespaces: a, principals: b}, {tokens: c}]}, {to: {ports: '80', hosts: h}}]}"),
        ("access", "{rules: {to: {methods: [GET, POST], paths: {any: /a, not: [/b, /c]}}}}"),
        ("access", "{rules: {from: {addresses: 10.0.0.0/8, clients: 10.0.0.1, trust_domains: {not: t}}}}"),
        ("access", "{rules: {when: {'request.headers[x-a]': b}}}"),
        ("tokens", "{issuer: 'https://a'}"),
        ("tokens", "{labels: {a: b}, issuer: a, jwks: {keys: []}, audiences: [x, y], forward: true, timeout: 1s}"),
        ("tokens", "{services: web, issuer: a, jwks_uri: 'https://b', headers: {x-a: 'Bearer '}, parameters: p}"),
        ("tokens", "{issuer: 'https://a', cookies: c, payload_header: x-p, claim_headers: {x-a: b}}"),
        ("tokens", "{issuer: 'https://a', space_delimited_claims: roles}"),
        ("mtls", "{mode: strict}"),
        ("mtls", "{labels: {a: b}, ports: {'80': disable}}"),
        ("scopes", "{}"),
        ("scopes", "{labels: {a: b}, hosts: [./*, '*/a.example.org'], outside: known, connections: {requests: 1}}"),
        ("scopes", "{hosts: [], outside: allow}"),
        ("scopes", "{ingress: [{port: 80}, {port: 81, protocol: tcp, application: '127.0.0.1:1'}]}"),
        ("logging", "{labels: {a: b}, logs: [{requests: client, enabled: false}, {to: [a, b], filter: x}]}"),
        ("logging", "{services: web, logs: [{}]}"),
    ],
)
def test_policies_are_written_as_they_are_read(read: Any, section: str, text: str) -> None:
    fragment: Fragment = read(f"{section}: {{it: {text}}}")
    assert [str(each) for each in fragment.findings] == []
    assert written(fragment.objects[0]) == parse(text)


def test_keys_that_are_none_stay_what_they_were() -> None:
    assert security.keys("rubbish") == "rubbish"
    assert security.keys("") is None

from __future__ import annotations

from collections.abc import Callable

import pytest

from tulle.dialects.native.writing import security
from tulle.kit.located_yaml import parse
from tulle.model.extensions import Scope, Telemetry
from tulle.model.mesh import Fragment, Object
from tulle.model.security import AccessPolicy, PeerAuthentication, RequestAuthentication

Read = Callable[[str], Fragment]


def written(read: Read, section: str, text: str) -> object:
    fragment = read(f"{section}: {{p: {text}}}")
    assert not fragment.findings
    (found,) = fragment.objects
    return _data(found)


def _data(found: Object) -> object:
    match found:
        case AccessPolicy():
            return security.access(found)
        case RequestAuthentication():
            (rule,) = found.rules
            return security.token(rule, found.selector, found.targets)
        case PeerAuthentication():
            return security.peers(found)
        case Scope():
            return security.scope(found)
        case _:
            assert isinstance(found, Telemetry)
            return security.logging(found)


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        "{rules: [{}]}",
        "{labels: {app: web}, action: deny, dry_run: true, rules: {to: {paths: [/a, /b]}}}",
        "{services: [web, api], action: ask, authorizer: opa, rules: [{to: {methods: GET}}, {to: {hosts: a.b}}]}",
        "{services: web, rules: {from: [{accounts: a, namespaces: b, principals: c, trust_domains: d, tokens: e}, "
        "{addresses: 10.0.0.0/8, clients: 10.0.0.1}], to: {ports: ['80', '81']}, "
        "when: {'request.headers[x]': {any: a, not: [b, c]}, 'request.auth.claims[g]': d}}}",
        "{rules: {from: {namespaces: {not: shop}}}}",
    ],
)
def test_access_is_written_as_it_is_read(read: Read, text: str) -> None:
    assert written(read, "access", text) == parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "{issuer: 'https://a.b'}",
        "{labels: {app: web}, issuer: a, audiences: [b, c], jwks: {keys: [{k: AQ, kty: oct}]}, "
        "headers: {authorization: 'Bearer '}, "
        "parameters: d, cookies: e, payload_header: f, claim_headers: {g: h}, space_delimited_claims: i, "
        "forward: true}",
        "{services: web, issuer: a, jwks_uri: 'https://example.org/keys', timeout: 1s}",
    ],
)
def test_tokens_are_written_as_they_are_read(read: Read, text: str) -> None:
    assert written(read, "tokens", text) == parse(text)


@pytest.mark.parametrize(("text", "keys"), [("", None), ("{keys", "{keys"), ('{"keys": []}', {"keys": []})])
def test_keys_are_a_mapping_if_they_are_keys(text: str, keys: object) -> None:
    assert security.keys(text) == keys


@pytest.mark.parametrize(
    ("section", "text"),
    [
        ("mtls", "{labels: {app: web}, mode: strict, ports: {'80': disable, '9000': permissive}}"),
        ("mtls", "{}"),
        ("scopes", "{}"),
        ("scopes", "{hosts: []}"),
        ("scopes", "{labels: {app: web}, hosts: ./*, outside: known}"),
        ("scopes", "{hosts: [./*, shop/*], outside: allow, connections: {requests: 1}}"),
        ("scopes", "{ingress: [{port: 80, application: '127.0.0.1:8080'}, {port: 9, protocol: tcp}]}"),
        ("logging", "{labels: {app: web}, logs: {requests: client, enabled: false}}"),
        ("logging", "{services: web, logs: [{to: a, filter: b}, {requests: server, to: [a, c]}]}"),
    ],
)
def test_other_policies_are_written_as_they_are_read(read: Read, section: str, text: str) -> None:
    assert written(read, section, text) == parse(text)

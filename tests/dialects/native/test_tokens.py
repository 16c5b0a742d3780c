from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from tulle.model.mesh import Fragment
from tulle.model.names import Name
from tulle.model.security import RequestAuthentication, Target

Read = Callable[[str], Fragment]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{}", 'tokens t: "issuer" is missing'),
        ("{issuer: ''}", 'tokens t: "issuer" is empty; name at least one'),
        ("{issuer: a, jwks: x}", 'tokens t: "jwks" must be a JSON Web Key Set (keys: [...]), not "x"'),
        ("{issuer: a, jwks: {keys: []}}", 'tokens t: "jwks" has no key in it'),
        ("{issuer: a, jwks: {keys: [1]}}", 'tokens t: "jwks" has a key (1) that has no "kty"'),
        (
            "{issuer: a, jwks_uri: 'http://a', payload_header: ':path'}",
            'tokens t: "payload_header" must be the name of a header, not ":path"',
        ),
        (
            "{issuer: a, jwks_uri: 'http://a', payload_header: Host}",
            'tokens t: "payload_header" is "Host", a header that cannot be made up',
        ),
        (
            '{issuer: a, jwks_uri: "http://a", headers: {x: "a\\nb"}}',
            'tokens t: "headers.x" must be text for a header, without control characters, not "a\nb"',
        ),
        ("{issuer: a, jwks: [1]}", 'tokens t: "jwks" must be a JSON Web Key Set (keys: [...]), not a list'),
        (
            "{issuer: a, jwks_uri: here}",
            'tokens t: "jwks_uri" must be a URL such as https://issuer.example.org/keys, not "here"',
        ),
        (
            "{issuer: a, jwks: {keys: [{kty: oct}]}, jwks_uri: 'http://a'}",
            "tokens t takes only one of jwks, jwks_uri",
        ),
        (
            "{issuer: 'http://a', labels: {a: b}, services: c}",
            "tokens t takes only one of labels, services",
        ),
        ("{issuer: a}", "tokens t needs jwks or jwks_uri: its issuer is no URL that could say where its keys are"),
    ],
)
def test_mistakes_are_told_in_a_sentence(read: Read, text: str, message: str) -> None:
    fragment = read(f"tokens: {{t: {text}}}")
    assert [finding.message for finding in fragment.findings] == [message] and not fragment.is_usable


def test_a_key_that_cannot_be_used_is_left_out(read: Read) -> None:
    found = read("tokens: {t: {issuer: a, jwks: {keys: [1, {kty: oct, k: AQ}]}}}")
    (finding,) = found.findings
    assert finding.message == 'tokens t: "jwks" has a key (1) that has no "kty"; it is left out'
    (policy,) = found.objects
    assert isinstance(policy, RequestAuthentication)
    assert policy.rules[0].jwks == '{"keys":[{"k":"AQ","kty":"oct"}]}'


def test_all_that_can_be_said_of_an_issuer(read: Read) -> None:
    (found,) = read(
        "tokens: {t: {issuer: me, labels: {app: web}, audiences: [a, b], jwks: {keys: [{kty: oct, k: AQ}]}, "
        "headers: {Authorization: 'Bearer '}, parameters: token, cookies: [c], payload_header: X-Payload, "
        "claim_headers: {x-group: group}, forward: true, timeout: 1s}}"
    ).objects
    assert isinstance(found, RequestAuthentication) and found.selector == (("app", "web"),)
    (rule,) = found.rules
    assert (rule.issuer, rule.audiences, json.loads(rule.jwks)) == (
        "me",
        ("a", "b"),
        {"keys": [{"kty": "oct", "k": "AQ"}]},
    )
    assert (rule.headers, rule.parameters, rule.cookies) == ((("authorization", "Bearer "),), ("token",), ("c",))
    assert (rule.payload_header, rule.claim_headers) == ("x-payload", (("x-group", "group"),))
    assert rule.forwards_token and rule.timeout == 1


def test_keys_may_be_text_or_elsewhere(read: Read) -> None:
    (found,) = read("""tokens: {t: {issuer: me, services: web, jwks: '{"keys":[{"k":"AQ","kty":"oct"}]}'}}""").objects
    assert isinstance(found, RequestAuthentication) and found.rules[0].jwks == '{"keys":[{"k":"AQ","kty":"oct"}]}'
    assert found.targets == (Target(kind="Service", name=Name("default", "web")),)
    (found,) = read("tokens: {t: {issuer: me, jwks_uri: 'https://a/b'}}").objects
    assert isinstance(found, RequestAuthentication) and found.rules[0].jwks_uri == "https://a/b"
    (found,) = read("tokens: {t: {issuer: 'https://a/b'}}").objects
    assert isinstance(found, RequestAuthentication) and not found.rules[0].jwks_uri + found.rules[0].jwks

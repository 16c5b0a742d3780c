from __future__ import annotations

import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.dialects.traefik.reading import only, read
from tulle.model.security import TokenRule
from tulle.model.steps import LimitTime, VerifyToken


def step(text: str) -> Any:
    (found,) = only(f"http: {{middlewares: {{m: {text}}}}}").steps
    return found


def rule(text: str) -> TokenRule:
    found = step(text)
    assert isinstance(found, VerifyToken)
    return found.rule


def keys(text: str) -> Any:
    return json.loads(rule(text).jwks)["keys"]


def pem(key: Any) -> str:
    return json.dumps(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode())


def test_keys_that_are_somewhere_else() -> None:
    found = rule(
        "{jwt: {jwksUrl: 'http://k', issuer: i, audiences: [a], tokenKey: t, forwardHeaders: {X: sub}, "
        "forwardAuthorization: true}}"
    )
    assert (found.jwks, found.jwks_uri, found.issuer, found.audiences) == ("", "http://k", "i", ("a",))
    assert (found.parameters, found.claim_headers, found.forwards_token) == (("t",), (("X", "sub"),), True)


def test_the_words_of_traefik_hub_mean_the_same() -> None:
    assert keys("{plugin: {jwt: {signingSecret: secret}}}") == keys("{jwt: {signingSecret: secret}}")
    encoded = "{jwt: {signingSecret: c2VjcmV0, signingSecretBase64Encoded: true}}"
    assert (
        {each["k"] for each in keys(encoded)}
        == {"c2VjcmV0"}
        == {each["k"] for each in keys("{jwt: {signingSecret: secret}}")}
    )
    assert [each["alg"] for each in keys(encoded)] == ["HS256", "HS384", "HS512"]


@pytest.mark.parametrize(
    ("key", "kind"),
    [
        (rsa.generate_private_key(65537, 1024), "RSA"),
        (ec.generate_private_key(ec.SECP256R1()), "EC"),
        (ec.generate_private_key(ec.SECP521R1()), "EC"),
        (ed25519.Ed25519PrivateKey.generate(), "OKP"),
    ],
)
def test_public_keys(key: Any, kind: str) -> None:
    (found,) = keys(f"{{jwt: {{publicKey: {pem(key)}}}}}")
    assert found["kty"] == kind


def test_sets_of_keys() -> None:
    good = {"kty": "oct", "k": "AQ"}
    assert keys(f"{{jwt: {{jwksFile: '{json.dumps({'keys': [good]})}'}}}}") == [good]
    (steps,), findings = read(
        f"http: {{middlewares: {{m: {{jwt: {{jwksFile: '{json.dumps({'keys': [good, 7]})}'}}}}}}}}"
    )
    assert json.loads(steps.steps[0].rule.jwks)["keys"] == [good]
    assert findings[0].endswith("; it is left out")


def test_time_limits() -> None:
    assert step("{timeouts: {request: 2s, idle: 1m}}") == LimitTime(request=2, idle=60)
    assert step("{timeouts: {request: 0}}") == LimitTime(request=0)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("timeouts: {}", '"timeouts" names no limit; write request, idle, or both'),
        (
            "jwt: {}",
            '"jwt" needs exactly one of signingSecret, publicKey, jwksFile, jwksUrl, by which tokens are verified, '
            "and has none",
        ),
        (
            "plugin: {jwt: {jwksUrl: keys}}",
            '"plugin.jwt.jwksUrl" must be a URL such as https://id.example.org/keys, not "keys"',
        ),
        ("jwt: {signingSecret: '-', signingSecretBase64Encoded: true}", '"jwt.signingSecret" is no base64'),
        (
            "jwt: {signingSecret: 'urn:k8s:secret:a:b'}",
            '"jwt.signingSecret" refers to a secret of Kubernetes, which is not looked up; write the secret itself',
        ),
        ("jwt: {publicKey: x}", '"jwt.publicKey" is no public key as PEM'),
        (f"jwt: {{publicKey: {pem(dsa.generate_private_key(1024))}}}", '"jwt.publicKey" has one that has no "kty"'),
        ("jwt: {jwksFile: keys.json}", '"jwt.jwksFile" is no set of keys as JSON; write the set itself, or jwksUrl'),
        ("jwt: {jwksFile: '{}'}", '"jwt.jwksFile" has no key in it'),
        ("jwt: {jwksFile: '[]'}", '"jwt.jwksFile" has no key in it'),
        ("jwt: {jwksFile: '{\"keys\": [7]}'}", '"jwt.jwksFile" has a key (1) that has no "kty"'),
        (
            "jwt: {signingSecret: x, claims: 'Equals(`a`, `b`)'}",
            '"jwt.claims" is not done here; let a server decide with forwardAuth',
        ),
        ("plugin: {}", '"plugin" names nothing'),
        (
            "plugin: {ldap: {}}",
            '"plugin.ldap" is not done here; let a server that asks the directory decide with forwardAuth',
        ),
    ],
)
def test_mistakes(text: str, message: str) -> None:
    objects, findings = read(f"http: {{middlewares: {{m: {{{text}}}}}}}")
    assert objects == []
    assert findings == [f"1: middleware m: {message}"]

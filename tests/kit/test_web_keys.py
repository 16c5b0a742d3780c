from __future__ import annotations

import base64
import json

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from tulle.kit.web_keys import key_set

POINT = ec.derive_private_key(7, ec.SECP256R1()).public_key().public_numbers()
HALVES = {"x": POINT.x, "y": POINT.y}


def number(value: int) -> str:
    size = (value.bit_length() + 7) // 8
    return base64.urlsafe_b64encode(value.to_bytes(size)).decode().rstrip("=")


def rsa(bits: int = 2048, **more: object) -> dict[str, object]:
    return {"kty": "RSA", "n": number(2 ** (bits - 1) + 1), "e": "AQAB", **more}


def curve(**more: object) -> dict[str, object]:
    return {"kty": "EC", **{member: number(value) for member, value in HALVES.items()}, **more}


ED25519 = {"kty": "OKP", "crv": "Ed25519", "x": number(2**255 + 1)}


@pytest.mark.parametrize(
    "key",
    [
        rsa(512),
        rsa(16384, alg="PS256", e="Aw==", use="enc"),
        rsa(alg=5),
        curve(),
        curve(crv="P-256"),
        curve(alg="ES256"),
        curve(crv="P-256", alg="ES256"),
        ED25519,
        {**ED25519, "alg": "EdDSA"},
        {"kty": "oct", "k": "AQ"},
        {"kty": "oct", "k": "AQ", "alg": "HS512"},
    ],
)
def test_what_envoy_takes(key: dict[str, object]) -> None:
    text, problems = key_set([key])
    assert problems == ()
    (found,) = json.loads(text)["keys"]
    assert found.items() <= key.items()


@pytest.mark.parametrize(
    ("key", "problem"),
    [
        (5, 'has no "kty"'),
        ({"kty": "RSB"}, 'has "kty" RSB, none of EC, OKP, RSA, oct'),
        (rsa(alg="ES256"), 'is for RSA, and has "alg" ES256'),
        (rsa(n="+"), 'has no base64 in "n" and "e"'),
        (rsa(n="A"), 'has no base64 in "n" and "e"'),
        (rsa(e=""), 'has no base64 in "n" and "e"'),
        (rsa(e="BQ"), 'has an exponent "e" that is none of 3, 65537'),
        (rsa(511), 'has no RSA modulus of 512 to 16384 bits in "n"'),
        (rsa(16385), 'has no RSA modulus of 512 to 16384 bits in "n"'),
        (rsa(n=number(2**2047)), 'has no RSA modulus of 512 to 16384 bits in "n"'),
        (curve(crv="secp256k1"), 'has an unknown curve ("crv" secp256k1, "alg" missing)'),
        (curve(alg="ES512", crv="P-256"), 'has an unknown curve ("crv" P-256, "alg" ES512)'),
        (curve(alg="ES257"), 'has an unknown curve ("crv" missing, "alg" ES257)'),
        (curve(x=""), 'has no base64 in "x" and "y"'),
        (curve(x="AQ"), "is no point of its curve P-256"),
        (curve(alg="ES384"), "is no point of its curve P-384"),
        ({**ED25519, "crv": "X25519"}, 'is of kind OKP, and not for "crv" Ed25519 with "alg" EdDSA'),
        ({**ED25519, "alg": "ES256"}, 'is of kind OKP, and not for "crv" Ed25519 with "alg" EdDSA'),
        ({**ED25519, "x": "AQ"}, 'has no 32 bytes of base64 in "x"'),
        ({"kty": "oct", "alg": "HS1", "k": "AQ"}, 'is shared, and has "alg" HS1, not one of HS256, HS384, HS512'),
        ({"kty": "oct"}, 'has no base64 in "k"'),
    ],
)
def test_what_envoy_refuses(key: object, problem: str) -> None:
    assert key_set([key]) == ("", (f"has a key (1) that {problem}",))


def test_one_bad_key_does_not_hide_the_others() -> None:
    text, problems = key_set([ED25519, {}, {"kty": "oct", "k": "AQ", "d": "secret"}])
    assert json.loads(text) == {"keys": [ED25519, {"kty": "oct", "k": "AQ"}]}
    assert problems == ('has a key (2) that has no "kty"',)

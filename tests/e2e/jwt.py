"""Tokens (RS256) and the keys that they are verified by, without a library for them."""

from __future__ import annotations

import hmac
import json
from base64 import urlsafe_b64encode
from datetime import UTC, datetime
from functools import cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256

ISSUER = "https://issuer.example"


@cache
def key(name: str) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def token(name: str = "first", **claims: Any) -> str:
    """A token that is good for an hour, signed with the key of this name; claims that are None are left out."""
    now = int(datetime.now(UTC).timestamp())
    payload = {"iss": ISSUER, "sub": "alice", "iat": now, "exp": now + 3600, **claims}
    parts = [
        _text({"alg": "RS256", "typ": "JWT", "kid": name}),
        _text({claim: value for claim, value in payload.items() if value is not None}),
    ]
    signature = key(name).sign(".".join(parts).encode(), padding.PKCS1v15(), SHA256())
    return ".".join([*parts, _encoded(signature)])


def shared(secret: str) -> str:
    """A token that is good for an hour, signed with a secret (HS256)."""
    payload = {"sub": "alice", "exp": int(datetime.now(UTC).timestamp()) + 3600}
    text = f"{_text({'alg': 'HS256', 'typ': 'JWT'})}.{_text(payload)}"
    return f"{text}.{_encoded(hmac.digest(secret.encode(), text.encode(), 'sha256'))}"


def key_set(*names: str) -> str:
    """The public halves (RFC 7517)."""
    keys = []
    for name in names or ("first",):
        numbers = key(name).public_key().public_numbers()
        keys.append(
            {"kty": "RSA", "alg": "RS256", "use": "sig", "kid": name, "n": _number(numbers.n), "e": _number(numbers.e)}
        )
    return json.dumps({"keys": keys})


def _number(value: int) -> str:
    return _encoded(value.to_bytes((value.bit_length() + 7) // 8, "big"))


def _text(value: object) -> str:
    return _encoded(json.dumps(value).encode())


def _encoded(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()

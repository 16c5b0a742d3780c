"""Keys of issuers of tokens (JWK, RFC 7517): which of them Envoy takes. Pure.

One text that Envoy cannot use would make it refuse everything beside it, so whatever is handed to it has passed here.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Sequence
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec

KEPT = ("kty", "kid", "alg", "use", "crv", "n", "e", "x", "y", "k")
"""Members that signatures are verified by: no chains of certificates, and no private halves that somebody published."""
KINDS = ("EC", "OKP", "RSA", "oct")
CURVES: dict[str, tuple[str, ec.EllipticCurve]] = {
    "P-256": ("ES256", ec.SECP256R1()),
    "P-384": ("ES384", ec.SECP384R1()),
    "P-521": ("ES512", ec.SECP521R1()),
}
"""With their algorithms."""
CURVE_OF = {algorithm: curve for curve, (algorithm, _) in CURVES.items()}
SHARED = ("HS256", "HS384", "HS512")
EXPONENTS = (3, 65537)
LEAST_BITS, MOST_BITS = 512, 16384
"""Of RSA keys."""
ED25519_SIZE = 32
NO_KEYS = '{"keys":[{"crv":"Ed25519","kty":"OKP","x":"qK8Jbv9-q6G7KuVOVWMtLGuf649tpOm41vuPwQ8coJg"}]}'
"""Envoy refuses a set without any key. Of this one nobody has the private half: it is the SHA-256 of `nobody's key`."""
_BASE64 = re.compile(r"[A-Za-z0-9_-]*")


def key_set(keys: Sequence[object]) -> tuple[str, tuple[str, ...]]:
    """The keys that can be used, as a set in its one form (empty if there are none); what is wrong with the others.

    Equal sets are equal texts, whatever order and layout somebody chose.
    """
    found, problems = set(), []
    for number, each in enumerate(keys, 1):
        key = _kept(each)
        problem = _problem(key)
        if problem:
            problems.append(f"has a key ({number}) that {problem}")
        else:
            found.add(json.dumps(key, sort_keys=True, separators=(",", ":")))
    return f'{{"keys":[{",".join(sorted(found))}]}}' if found else "", tuple(problems)


def _kept(written: object) -> dict[str, str]:
    if not isinstance(written, dict):
        return {}
    return {member: written[member] for member in KEPT if isinstance(written.get(member), str) and written[member]}


def _problem(key: dict[str, str]) -> str:
    """Why a key is none, as the rest of a sentence; empty if it is one."""
    match key.get("kty"):
        case "RSA":
            return _rsa_problem(key)
        case "EC":
            return _curve_problem(key)
        case "OKP":
            return _edwards_problem(key)
        case "oct":
            if key.get("alg", SHARED[0]) not in SHARED:
                return f'is shared, and has "alg" {key["alg"]}, not one of {", ".join(SHARED)}'
            return "" if _decoded(key, "k") else 'has no base64 in "k"'
        case kind:
            return f'has "kty" {kind}, none of {", ".join(KINDS)}' if kind else 'has no "kty"'


def _rsa_problem(key: dict[str, str]) -> str:
    if not key.get("alg", "RS").startswith(("RS", "PS")):
        return f'is for RSA, and has "alg" {key["alg"]}'
    modulus, exponent = _number(key, "n"), _number(key, "e")
    if modulus is None or exponent is None:
        return 'has no base64 in "n" and "e"'
    if exponent not in EXPONENTS:
        return f'has an exponent "e" that is none of {", ".join(map(str, EXPONENTS))}'
    if not LEAST_BITS <= modulus.bit_length() <= MOST_BITS or modulus % 2 == 0:
        return f'has no RSA modulus of {LEAST_BITS} to {MOST_BITS} bits in "n"'
    return ""


def _curve_problem(key: dict[str, str]) -> str:
    algorithm, curve = key.get("alg", ""), key.get("crv", "")
    name = curve or CURVE_OF.get(algorithm, "") or ("" if algorithm else "P-256")
    if name not in CURVES or (algorithm and algorithm != CURVES[name][0]):
        return f'has an unknown curve ("crv" {curve or "missing"}, "alg" {algorithm or "missing"})'
    x, y = _number(key, "x"), _number(key, "y")
    if x is None or y is None:
        return 'has no base64 in "x" and "y"'
    try:
        ec.EllipticCurvePublicNumbers(x, y, CURVES[name][1]).public_key()
    except ValueError:
        return f"is no point of its curve {name}"
    return ""


def _edwards_problem(key: dict[str, str]) -> str:
    if key.get("crv") != "Ed25519" or key.get("alg", "EdDSA") != "EdDSA":
        return 'is of kind OKP, and not for "crv" Ed25519 with "alg" EdDSA'
    is_whole = len(_decoded(key, "x")) == ED25519_SIZE
    return "" if is_whole else f'has no {ED25519_SIZE} bytes of base64 in "x"'


def _number(key: dict[str, str], member: str) -> int | None:
    found = _decoded(key, member)
    return int.from_bytes(found) if found else None


def _decoded(key: dict[str, Any], member: str) -> bytes:
    """What a member holds; nothing if it is not what base64url makes."""
    text = key.get(member, "").rstrip("=")
    if not _BASE64.fullmatch(text):
        return b""
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except binascii.Error:
        return b""

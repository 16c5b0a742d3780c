"""Sets of keys (RFC 7517) as issuers answer them: checked, and brought into one form. Pure."""

from __future__ import annotations

import json
from typing import Any

KEPT = ("kty", "kid", "alg", "use", "crv", "n", "e", "x", "y", "k")
"""Members that signatures are verified by: no chains of certificates, and no private halves that somebody published."""


class Unusable(ValueError):
    """An answer is not what it should be; the message is the rest of a sentence."""


def canonical(answer: bytes) -> str:
    """The set in a form in which equal sets are equal texts, whatever order and layout the server chose.

    Keys that make no sense are left out, as RFC 7517 §5 wants it.

    Raises:
        Unusable: it is no set of keys, or has none.
    """
    keys = _object(answer).get("keys")
    if not isinstance(keys, list):
        raise Unusable('the answer is no key set: it has no list "keys"')
    found = {_compact(_key(each)) for each in keys if isinstance(each, dict) and _is_text(each.get("kty"))}
    if not found:
        raise Unusable("the answer has no key in it")
    return f'{{"keys":[{",".join(sorted(found))}]}}'


def key_address(answer: bytes, *, asked: str) -> str:
    """Where the keys of an issuer are, by the configuration that was asked for (OpenID Connect Discovery 1.0 §3).

    Raises:
        Unusable: it does not say that, or a place without TLS although the configuration came with it.
    """
    address = _object(answer).get("jwks_uri")
    if not isinstance(address, str) or not address.startswith(("https://", "http://")):
        raise Unusable('the answer is no OpenID configuration: it has no address "jwks_uri"')
    if asked.startswith("https:") and not address.startswith("https:"):
        raise Unusable("its OpenID configuration leads out of TLS")
    return address


def _object(answer: bytes) -> dict[str, Any]:
    try:
        found = json.loads(answer)
    except (ValueError, RecursionError) as error:
        raise Unusable("the answer is not JSON") from error
    return found if isinstance(found, dict) else {}


def _key(written: dict[str, Any]) -> dict[str, str]:
    return {member: written[member] for member in KEPT if _is_text(written.get(member))}


def _compact(key: dict[str, str]) -> str:
    return json.dumps(key, sort_keys=True, separators=(",", ":"))


def _is_text(value: object) -> bool:
    return isinstance(value, str) and value != ""

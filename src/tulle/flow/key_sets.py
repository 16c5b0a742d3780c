"""Sets of keys (RFC 7517) as issuers answer them: checked, and brought into one form. Pure."""

from __future__ import annotations

import json
from typing import Any

from tulle.kit.web_keys import key_set


class Unusable(ValueError):
    """An answer is not what it should be; the message is the rest of a sentence."""


def canonical(answer: bytes) -> str:
    """The set in a form in which equal sets are equal texts, whatever order and layout the server chose.

    Keys that make no sense, or that Envoy would refuse, are left out, as RFC 7517 §5 wants it.

    Raises:
        Unusable: it is no set of keys, or has none.
    """
    keys = _object(answer).get("keys")
    if not isinstance(keys, list):
        raise Unusable('the answer is no key set: it has no list "keys"')
    found, problems = key_set(keys)
    if not found:
        raise Unusable(f"the answer {problems[0]}" if problems else "the answer has no key in it")
    return found


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

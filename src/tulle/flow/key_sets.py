"""Sets of keys (RFC 7517), and configurations, as issuers answer them: checked, and brought into one form. Pure."""

from __future__ import annotations

import json
from typing import Any

from tulle.envoy.issuers import place
from tulle.kit.web_keys import key_set
from tulle.model.steps import Endpoints

PLACES = ("authorization_endpoint", "token_endpoint", "end_session_endpoint")
METHODS = "token_endpoint_auth_methods_supported"
BASIC, FORM = "client_secret_basic", "client_secret_post"


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


def endpoints(answer: bytes, *, asked: str) -> str:
    """Where people sign in by the configuration that was asked for, in a form that `read_endpoints` reads.

    Raises:
        Unusable: it does not say that, or a place without TLS although the configuration came with it.
    """
    said = _object(answer)
    found: dict[str, Any] = {}
    for name in PLACES:
        where = said.get(name)
        if where is None and name == PLACES[-1]:
            continue
        if not isinstance(where, str) or place(where) is None:
            raise Unusable(f'the answer is no OpenID configuration: it has no address "{name}"')
        if asked.startswith("https:") and not where.startswith("https:"):
            raise Unusable("its OpenID configuration leads out of TLS")
        found[name] = where
    methods = said.get(METHODS)
    # Who says nothing takes the header (OpenID Connect Discovery 1.0 §3).
    found[METHODS] = [FORM] if isinstance(methods, list) and FORM in methods else [BASIC]
    return json.dumps(found, sort_keys=True)


def read_endpoints(text: str) -> Endpoints:
    """What `endpoints` found."""
    found = json.loads(text)
    authorization, token, end_session = (found.get(name, "") for name in PLACES)
    return Endpoints(
        authorization=authorization, token=token, end_session=end_session, takes_form=FORM in found[METHODS]
    )


def _object(answer: bytes) -> dict[str, Any]:
    try:
        found = json.loads(answer)
    except (ValueError, RecursionError) as error:
        raise Unusable("the answer is not JSON") from error
    return found if isinstance(found, dict) else {}

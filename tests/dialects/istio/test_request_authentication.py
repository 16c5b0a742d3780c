from __future__ import annotations

import pytest

from tests.dialects.istio.objects import messages, only
from tulle.dialects.istio.request_authentication import KIND

KEYS = '{"keys":[{"k":"AQ","kty":"oct"}]}'


def test_where_the_token_is() -> None:
    rule = {
        "issuer": "a",
        "jwks": KEYS,
        "fromHeaders": [{"name": "X-Token", "prefix": "T "}],
        "fromCookies": ["c"],
        "fromParams": ["p"],
    }
    (found,) = only(KIND, {"jwtRules": [rule]}).rules
    assert (found.headers, found.cookies, found.parameters) == ((("x-token", "T "),), ("c",), ("p",))
    assert (found.timeout, found.jwks, found.jwks_uri) == (5.0, KEYS, "")


def test_an_issuer_that_is_an_address_says_where_its_keys_are() -> None:
    (found,) = only(KIND, {"jwtRules": [{"issuer": "https://issuer.example"}]}).rules
    assert (found.issuer, found.jwks, found.jwks_uri) == ("https://issuer.example", "", "")
    (message,) = messages(KIND, {"jwtRules": [{"issuer": "testing@secure.istio.io"}]})
    assert "needs jwksUri (or jwks): its issuer is no address" in message


@pytest.mark.parametrize("url", ["ftp://a/b", "https://", "https://[a", "https://a:0/"])
def test_keys_are_fetched_over_http(url: str) -> None:
    (message,) = messages(KIND, {"jwtRules": [{"issuer": "a", "jwksUri": url}]})
    assert "must be an address such as" in message


def test_keys_that_cannot_be_used_and_odd_headers_are_told() -> None:
    rule = {
        "issuer": "a",
        "jwks": '{"keys": [{"kty": "RSA", "n": "x", "e": "y"}]}',
        "fromHeaders": [{"name": "x", "prefix": "a\nb"}],
        "outputPayloadToHeader": "x\nEvil: 1",
    }
    found = " ".join(messages(KIND, {"jwtRules": [rule]}))
    assert "prefix" in found and "outputPayloadToHeader" in found
    (message,) = messages(KIND, {"jwtRules": [{"issuer": "a", "jwks": rule["jwks"], "outputPayloadToHeader": ""}]})
    assert 'has no base64 in "n"' in message

from __future__ import annotations

import json

import pytest

from tulle.flow.key_sets import Unusable, canonical, endpoints, key_address, read_endpoints
from tulle.model.steps import Endpoints

ONE = {"kty": "oct", "kid": "1", "k": "AQ"}
TWO = {"kty": "oct", "kid": "2", "k": "AQAB"}


def text(*keys: object, **more: object) -> bytes:
    return json.dumps({"keys": keys, **more}, indent=2).encode()


def test_equal_sets_are_equal_texts() -> None:
    found = canonical(text(ONE, TWO))
    assert found == canonical(text(TWO, dict(reversed(ONE.items())), ONE, other=1))
    assert json.loads(found) == {"keys": [ONE, TWO]}
    assert found != canonical(text(ONE))


def test_only_what_signatures_are_verified_by_is_kept() -> None:
    assert canonical(text({**ONE, "d": "secret", "x5c": ["long"], "use": "", "alg": 5})) == canonical(text(ONE))


def test_keys_that_make_no_sense_do_not_hide_the_others() -> None:
    assert canonical(text(ONE, "rubbish", {}, {"kty": 5}, {"kty": ""})) == canonical(text(ONE))


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (b"", "the answer is not JSON"),
        (b"<html>", "the answer is not JSON"),
        (b"\xff\xfe\xff", "the answer is not JSON"),
        (b"[" * 100_000, "the answer is not JSON"),
        (b"[]", 'the answer is no key set: it has no list "keys"'),
        (b'{"keys": {}}', 'the answer is no key set: it has no list "keys"'),
        (b'{"keys": []}', "the answer has no key in it"),
        (b'{"keys": [{"kid": "1"}]}', 'the answer has a key (1) that has no "kty"'),
    ],
)
def test_what_is_no_key_set_is_not_taken(answer: bytes, message: str) -> None:
    with pytest.raises(Unusable) as caught:
        canonical(answer)
    assert str(caught.value) == message


def test_the_configuration_of_an_issuer_says_where_its_keys_are() -> None:
    assert key_address(b'{"jwks_uri": "https://a/b"}', asked="https://a") == "https://a/b"
    assert key_address(b'{"jwks_uri": "http://a/b"}', asked="http://a") == "http://a/b"


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (b"rubbish", "the answer is not JSON"),
        (b"{}", 'the answer is no OpenID configuration: it has no address "jwks_uri"'),
        (b'{"jwks_uri": "file:///a"}', 'the answer is no OpenID configuration: it has no address "jwks_uri"'),
        (b'{"jwks_uri": "http://a/b"}', "its OpenID configuration leads out of TLS"),
    ],
)
def test_a_configuration_that_does_not_is_not_taken(answer: bytes, message: str) -> None:
    with pytest.raises(Unusable) as caught:
        key_address(answer, asked="https://a")
    assert str(caught.value) == message


def said(**more: object) -> bytes:
    places = {"authorization_endpoint": "https://a/in", "token_endpoint": "https://a/token"}
    return json.dumps({**places, **more}).encode()


def test_the_configuration_of_an_issuer_says_where_people_sign_in() -> None:
    found = read_endpoints(endpoints(said(), asked="https://a"))
    assert found == Endpoints(authorization="https://a/in", token="https://a/token", takes_form=False)
    more = said(
        end_session_endpoint="https://a/out",
        token_endpoint_auth_methods_supported=["client_secret_basic", "client_secret_post"],
        more="anything",
    )
    found = read_endpoints(endpoints(more, asked="https://a"))
    assert (found.end_session, found.takes_form) == ("https://a/out", True)
    assert endpoints(endpoints(more, asked="https://a").encode(), asked="https://a") == endpoints(
        more, asked="http://a"
    )


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (b"rubbish", "the answer is not JSON"),
        (b"{}", 'the answer is no OpenID configuration: it has no address "authorization_endpoint"'),
        (said(token_endpoint=7), 'the answer is no OpenID configuration: it has no address "token_endpoint"'),
        (
            said(end_session_endpoint="x"),
            'the answer is no OpenID configuration: it has no address "end_session_endpoint"',
        ),
        (said(token_endpoint="http://a/token"), "its OpenID configuration leads out of TLS"),
    ],
)
def test_a_configuration_without_them_is_not_taken(answer: bytes, message: str) -> None:
    with pytest.raises(Unusable) as caught:
        endpoints(answer, asked="https://a")
    assert str(caught.value) == message

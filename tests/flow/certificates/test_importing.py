from __future__ import annotations

import json
from base64 import b64encode
from contextlib import suppress
from random import Random
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.flow.certificates.making import DIRECTORY, pair
from tests.sources.mutations import mutated
from tulle.clients.acme import keys
from tulle.flow.certificates.importing import Unreadable, imported
from tulle.model.resolvers import Resolver, Server

LE = Resolver(name="le", server=Server(directory=DIRECTORY))
KEY = rsa.generate_private_key(65537, 2048)
DER = KEY.private_bytes(
    serialization.Encoding.DER, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
)
ACCOUNT: dict[str, Any] = {
    "Email": "me@a.example",
    "Registration": {"body": {"status": "valid"}, "uri": "https://ca.example/account/7"},
    "PrivateKey": b64encode(DER).decode(),
    "KeyType": "4096",
}


def certificate(*names: str, **more: Any) -> dict[str, Any]:
    chain, key = (b64encode(each.encode()).decode() for each in pair(*names))
    domain: dict[str, Any] = {"main": names[0]}
    if names[1:]:
        domain["sans"] = list(names[1:])
    return {"domain": domain, "certificate": chain, "key": key, "Store": "default"} | more


def file(account: object, *certificates: object, name: str = "le") -> str:
    return json.dumps({name: {"Account": account, "Certificates": list(certificates) or None}})


def test_account_and_certificates_of_a_resolver() -> None:
    found = imported(file(ACCOUNT, certificate("a.example", "b.example"), certificate("c.example")), LE)
    assert found.account is not None
    assert (found.account.authority, found.account.address) == (DIRECTORY, "https://ca.example/account/7")
    assert keys.private_key(found.account.key).public_key() == KEY.public_key()
    assert [each.domains for each in found.certificates] == [("a.example", "b.example"), ("c.example",)]
    pairs = [pair("a.example", "b.example"), pair("c.example")]
    assert [(each.chain, each.key) for each in found.certificates] == pairs
    assert {each.authority for each in found.certificates} == {DIRECTORY}
    assert found.skipped == ()


@pytest.mark.parametrize("text", ["", "{}", "\n", '{"le": null}', file(ACCOUNT, name="other"), file(None)])
def test_a_file_without_anything_for_it(text: str) -> None:
    found = imported(text, LE)
    assert (found.account, found.certificates, found.skipped) == (None, (), ())


@pytest.mark.parametrize("text", ["hello", "[]", '{"le": []}', '"le"', '{"le": {"Certificates": 5}}', "[" * 100_000])
def test_a_file_that_is_something_else(text: str) -> None:
    with pytest.raises(Unreadable):
        imported(text, LE)


def test_an_account_of_another_authority_is_left() -> None:
    elsewhere = ACCOUNT | {"Registration": {"uri": "https://other.example/account/7"}}
    nowhere = ACCOUNT | {"Registration": {"uri": "http://["}}
    for account in (elsewhere, nowhere, ACCOUNT | {"Registration": None}, None, "text"):
        found = imported(file(account, certificate("a.example")), LE)
        assert (found.account, found.certificates[0].authority) == (None, "")


def test_an_account_without_a_key() -> None:
    for key in ("", "*", b64encode(b"hello").decode()):
        found = imported(file(ACCOUNT | {"PrivateKey": key}, certificate("a.example")), LE)
        assert (found.account, found.skipped) == (None, ("the key of the account cannot be read",))
        assert found.certificates[0].authority == DIRECTORY


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        ("text", "a certificate does not say what it is for"),
        ({"certificate": ""}, "a certificate does not say what it is for"),
        (certificate("a.example", certificate="*"), "the certificate for a.example cannot be read"),
        (certificate("a.example", certificate=None), "the certificate for a.example cannot be read"),
        (certificate("a.example", key=b64encode(b"hello").decode()), "the certificate for a.example cannot be read"),
        (certificate("a.example", domain={}), "a certificate is for no domain"),
        (certificate("a.example", domain={}, key=""), "the certificate for nothing cannot be read"),
    ],
)
def test_one_that_is_broken_harms_no_other(broken: object, reason: str) -> None:
    found = imported(file(ACCOUNT, broken, certificate("c.example")), LE)
    assert [each.domains for each in found.certificates] == [("c.example",)]
    (said,) = found.skipped
    assert said.startswith(reason)


def test_whatever_the_file_has_it_is_read_or_refused() -> None:
    usual, chance = json.loads(file(ACCOUNT, certificate("a.example", "b.example"))), Random(1)
    for _ in range(300):
        with suppress(Unreadable):
            imported(json.dumps(mutated(usual, chance)), LE)

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from tests.envoy.pki import Pki
from tulle.identity import pem

PKI = Pki()
CHAIN, KEY = PKI.issue("a.example")


def rsa_key(bits: int) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, bits)


@pytest.mark.parametrize(
    ("chain", "key", "problem"),
    [
        (CHAIN, KEY, ""),
        (b"", KEY, "there is no certificate in it"),
        (CHAIN, b"", "there is no private key in it"),
        (b"x", KEY, "the certificate is not PEM that can be read"),
        (CHAIN, b"x", "the private key is not unencrypted PEM that can be read"),
        (CHAIN, PKI.issue("a.example")[1], "the private key does not belong to the certificate"),
        (*PKI.issue("a.example", key=ec.generate_private_key(ec.SECP384R1())), ""),
        (*PKI.issue("a.example", key=rsa_key(2048)), ""),
        (*PKI.issue("a.example", key=rsa_key(1024)), "the RSA key has 1024 bits; 2048 are the least"),
        (
            *PKI.issue("a.example", key=ed25519.Ed25519PrivateKey.generate()),
            "only RSA and ECDSA (P-256, P-384, P-521) keys can be used",
        ),
    ],
)
def test_what_is_wrong_with_a_certificate_and_its_key(chain: bytes, key: bytes, problem: str) -> None:
    assert pem.pair_problem(chain, key) == problem


def test_what_is_wrong_with_authorities() -> None:
    assert pem.authority_problem(PKI.ca) == ""
    assert pem.authority_problem(b"") == "there is no certificate of an authority in it"
    assert pem.authority_problem(b"x") == "the certificates of the authority are not PEM that can be read"
    assert pem.revocation_problem(PKI.revoked(CHAIN)) == ""
    assert pem.revocation_problem(b"x") == "the list of revoked certificates is not PEM that can be read"

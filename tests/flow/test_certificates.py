from __future__ import annotations

import pytest

from tests.flow.gateway_world import authorities, certificate, secret
from tulle.flow.certificates import map_authority_problem, pair_problem, secret_authority_problem
from tulle.model.names import Name

NAME = Name("shop", "cert")
CHAIN, KEY = certificate()


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        ({}, ""),
        ({"cert": CHAIN, "key": KEY}, ""),
        ({"tls_key": KEY}, "has no tls.crt"),
        ({"tls_crt": CHAIN}, "has no tls.key"),
        ({"tls_crt": b"rubbish", "tls_key": KEY}, "has a tls.crt that is no certificate (PEM)"),
        (
            {"tls_crt": CHAIN, "tls_key": b"rubbish"},
            "has a tls.key that is no private key (PEM, without a password)",
        ),
        (
            {"tls_crt": CHAIN, "tls_key": certificate("b.example")[1]},
            "has a tls.key that does not belong to the certificate in tls.crt",
        ),
    ],
)
def test_pairs(data: dict[str, bytes], problem: str) -> None:
    assert pair_problem(secret(NAME, **data)) == problem


@pytest.mark.parametrize(
    ("text", "problem"),
    [(None, ""), ("", "has no ca.crt"), ("rubbish", "has a ca.crt that is no certificate (PEM)")],
)
def test_authorities(text: str | None, problem: str) -> None:
    assert map_authority_problem(authorities(NAME, text)) == problem
    data = CHAIN if text is None else text.encode()
    assert secret_authority_problem(secret(NAME, ca_crt=data)) == problem

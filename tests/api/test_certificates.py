from __future__ import annotations

from envoy.extensions.transport_sockets.tls.v3.secret_pb2 import Secret

from tests.envoy.pki import Pki
from tulle.agent import secrets
from tulle.api.certificates import facts

PKI = Pki("some authority")


def test_of_a_certificate_its_names_and_dates_are_told() -> None:
    chain, key = PKI.issue("a.example", "10.0.0.1")
    shown = facts(secrets.certificate("s", chain, key).body)
    (certificate,) = shown["tls_certificate"]["certificates"]
    assert shown["name"] == "s"
    assert certificate["subject"] == "CN=a.example"
    assert certificate["issuer"] == "CN=some authority"
    assert certificate["subject_alt_names"] == ["a.example", "10.0.0.1"]
    assert certificate["not_before"] < certificate["not_after"]
    assert len(certificate["sha256"]) == 64
    assert "PRIVATE KEY" not in str(shown)
    assert "BEGIN" not in str(shown)


def test_of_authorities_too() -> None:
    shown = facts(secrets.authorities("s", PKI.ca, PKI.revoked()).body)["validation_context"]
    assert shown["certificates"][0]["subject_alt_names"] == []
    assert shown["has_revocation_list"] is True
    assert facts(secrets.authorities("s", b"x").body)["validation_context"]["certificates"] == []


def test_of_anything_else_only_its_name() -> None:
    tickets = Secret(name="s")
    tickets.session_ticket_keys.keys.add().inline_bytes = b"KEY"
    assert facts(tickets.SerializeToString()) == {"name": "s"}

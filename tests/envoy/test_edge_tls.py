from __future__ import annotations

from typing import Any

import pytest

from tests.envoy.decoded import Json, as_json
from tests.envoy.kitchen import HERE
from tests.envoy.pki import Pki, secret
from tulle.envoy import edge_tls
from tulle.envoy.edge_tls import NO_TRUST, Material
from tulle.model.listeners import (
    Certificate,
    ClientCertificates,
    ClientTrust,
    Listener,
    ListenerProtocol,
    TlsHandling,
    TlsVersions,
)
from tulle.model.mesh import Mesh
from tulle.model.names import Name
from tulle.model.objects import ConfigMap

PKI = Pki()
GOOD, CLIENTS = PKI.secret("good", "a.example"), secret("clients", ("ca.crt", PKI.ca))
BROKEN = secret("broken", ("tls.crt", b"x"), ("tls.key", b"x"))
BUNDLE = ConfigMap(name=Name("default", "bundle"), origin=HERE, data=(("ca.crt", PKI.ca.decode()),))
MESH = Mesh(
    secrets={each.name: each for each in (GOOD, CLIENTS, BROKEN)},
    config_maps={BUNDLE.name: BUNDLE},
)
FILES = Certificate(certificate_file="/c", key_file="/k")
PIN, HASH = "MV0bHB0bHB0bHB0bHB0bHB0bHB0bHB0bHB0bHB0bHB0=", "ab" * 32


def name(text: str) -> Name:
    return Name("default", text)


def of(*names: str) -> tuple[Certificate, ...]:
    return tuple(Certificate(secret=name(each)) for each in names)


def listener(**more: Any) -> Listener:
    given = {"certificates": of("good"), "protocol": ListenerProtocol.HTTPS} | more
    return Listener(name=name("l"), origin=HERE, port=443, **given)


def context(trust: ClientTrust = NO_TRUST, **more: Any) -> Json:
    made = listener(**more)
    found: Json = as_json(edge_tls.ending(made, made.certificates, trust))["typed_config"]
    return found


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, Material(of("good"))),
        ({"certificates": (*of("broken", "gone"), FILES)}, Material((FILES,))),
        ({"certificates": of("broken")}, None),
        ({"certificates": ()}, None),
        ({"tls": TlsHandling.MESH, "certificates": ()}, Material()),
        ({"versions": TlsVersions(minimum="7")}, None),
        ({"client_ca_file": "/ca"}, Material(of("good"), ClientTrust(ca_file="/ca"))),
        (
            {"client_trust": ClientTrust(secrets=(name("clients"), name("gone")), ca_maps=(name("gone"),))},
            Material(of("good"), ClientTrust(secrets=(name("clients"),))),
        ),
        ({"client_trust": ClientTrust(secrets=(name("gone"),))}, None),
    ],
)
def test_what_there_is_to_end_tls_with(more: dict[str, Any], expected: Material | None) -> None:
    assert edge_tls.material(listener(**more), MESH) == expected


@pytest.mark.parametrize(
    ("trust", "problem"),
    [
        (NO_TRUST, ""),
        (ClientTrust(spki=("short",)), "'short' is no base64 of the SHA-256 of a public key"),
        (ClientTrust(spki=("?",)), "'?' is no base64 of the SHA-256 of a public key"),
        (ClientTrust(hashes=("ab",)), "'ab' is no SHA-256 of a certificate in hexadecimal"),
        (ClientTrust(spki=(PIN,), hashes=(HASH,)), ""),
        (ClientTrust(hashes=(HASH,), subject_alt_names=("a",)), "no authority is left"),
        (ClientTrust(secrets=(name("x"),), crl_file="/crl"), "a list of revoked certificates in a file"),
        (ClientTrust(ca_file="/ca", crl_file="/crl"), ""),
        (ClientTrust(handling=ClientCertificates.UNVERIFIED), ""),
        (ClientTrust(), "no authority is left"),
    ],
)
def test_what_is_demanded_of_clients_can_be_impossible(trust: ClientTrust, problem: str) -> None:
    found = edge_tls.trust_problem(trust)
    assert found.startswith(problem)
    assert bool(found) is bool(problem)


@pytest.mark.parametrize(
    ("versions", "problem"),
    [
        (TlsVersions(), ""),
        (TlsVersions(minimum="1.0", maximum="1.1"), ""),
        (TlsVersions(minimum="1.3"), ""),
        (TlsVersions(maximum="2"), 'there is no version "2" of TLS'),
        (TlsVersions(minimum="1.3", maximum="1.2"), "the least version of TLS (1.3) is above the greatest (1.2)"),
        (TlsVersions(ciphers=("x",)), "none of the ciphers is known"),
        (TlsVersions(ciphers=("x", "ECDHE-RSA-AES128-GCM-SHA256")), ""),
    ],
)
def test_limits_can_be_impossible(versions: TlsVersions, problem: str) -> None:
    found = edge_tls.version_problem(versions)
    assert found.startswith(problem)
    assert bool(found) is bool(problem)


def test_anybody_may_come_unless_it_is_said_who() -> None:
    anybody = context(certificates=(FILES, *of("good")))
    common = anybody["common_tls_context"]
    assert "require_client_certificate" not in anybody
    assert common["alpn_protocols"] == ["h2", "http/1.1"]
    assert common["tls_params"] == {
        "tls_minimum_protocol_version": "TLSv1_2",
        "tls_maximum_protocol_version": "TLSv1_3",
    }
    secrets = common["tls_certificate_sds_secret_configs"]
    assert [each["name"] for each in secrets] == ["certificate|/c|/k", "secret|default/good"]
    assert {each["sds_config"]["initial_fetch_timeout"] for each in secrets} == {"1s"}
    assert "alpn_protocols" not in context(protocol=ListenerProtocol.TLS)["common_tls_context"]


def test_versions_and_ciphers_are_limited() -> None:
    params = context(versions=TlsVersions(maximum="1.1", ciphers=("x", "AES128-SHA")))["common_tls_context"][
        "tls_params"
    ]
    assert params == {
        "tls_minimum_protocol_version": "TLSv1_1",
        "tls_maximum_protocol_version": "TLSv1_1",
        "cipher_suites": ["AES128-SHA"],
    }


def test_clients_are_verified_by_files_secrets_and_maps() -> None:
    required = context(ClientTrust(ca_file="/ca", crl_file="/crl"))
    assert required["require_client_certificate"] is True
    name_of = required["common_tls_context"]["validation_context_sds_secret_config"]["name"]
    assert name_of == "client-ca|/ca|/crl"
    handling = ClientCertificates.OPTIONAL
    optional = context(ClientTrust(handling=handling, secrets=(name("a"),), ca_maps=(name("b"),)))
    assert "require_client_certificate" not in optional
    name_of = optional["common_tls_context"]["validation_context_sds_secret_config"]["name"]
    assert name_of == "secret-ca|default/a+config-map-ca|default/b"


def test_clients_are_known_by_names_and_pins() -> None:
    names = ("spiffe://td/a", "a@b.c", "10.0.0.1", "a.example")
    combined = context(ClientTrust(ca_file="/ca", subject_alt_names=names))["common_tls_context"][
        "combined_validation_context"
    ]
    kinds = [each["san_type"] for each in combined["default_validation_context"]["match_typed_subject_alt_names"]]
    assert kinds == ["URI", "EMAIL", "IP_ADDRESS", "DNS"]
    assert combined["validation_context_sds_secret_config"]["name"] == "client-ca|/ca"
    pinned = context(ClientTrust(spki=(PIN,), hashes=(HASH,)))["common_tls_context"]["validation_context"]
    assert pinned == {"verify_certificate_spki": [PIN], "verify_certificate_hash": [HASH]}
    anybody = context(ClientTrust(handling=ClientCertificates.UNVERIFIED, subject_alt_names=("a",)))
    assert anybody["common_tls_context"]["validation_context"] == {"trust_chain_verification": "ACCEPT_UNTRUSTED"}


def test_curves_and_sessions_are_limited() -> None:
    found = context(versions=TlsVersions(curves=("P-256",), resumes=False))
    assert found["common_tls_context"]["tls_params"]["ecdh_curves"] == ["P-256"]
    assert found["disable_stateless_session_resumption"] is found["disable_stateful_session_resumption"] is True
    assert "disable_stateless_session_resumption" not in context()


def test_certificates_that_nobody_verifies_are_demanded_afterwards() -> None:
    (shown,) = edge_tls.filters(ClientTrust(handling=ClientCertificates.UNVERIFIED_REQUIRED))
    (policy,) = as_json(shown)["typed_config"]["rules"]["policies"].values()
    assert policy["condition"]["select_expr"]["field"] == "mtls"
    assert edge_tls.filters(ClientTrust(handling=ClientCertificates.UNVERIFIED_REQUIRED, ca_file="/ca")) == []
    assert edge_tls.filters(ClientTrust(handling=ClientCertificates.UNVERIFIED)) == []


def test_authorities_may_be_in_several_files() -> None:
    found = context(ClientTrust(ca_file="/a", more_ca_files=("/b",)))["common_tls_context"]
    assert found["validation_context_sds_secret_config"]["name"] == "client-cas|/a|/b"

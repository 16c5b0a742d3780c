from __future__ import annotations

from typing import Any

import pytest

from tests.envoy.decoded import Json, as_json
from tulle.envoy import client_tls
from tulle.model.names import Name
from tulle.model.policies import ClientTls, TlsMode

SECRET = Name("shop", "client")
CA = (Name("shop", "roots"), Name("shop", "more"))


def context(tls: ClientTls, host: str = "api.example", names: tuple[str, ...] = ()) -> Json:
    found: Json = as_json(client_tls.originating(tls, host, names))["typed_config"]
    return found


def simple(**more: Any) -> ClientTls:
    return ClientTls(mode=TlsMode.SIMPLE, **more)


def mutual(**more: Any) -> ClientTls:
    return ClientTls(mode=TlsMode.MUTUAL, **more)


@pytest.mark.parametrize(
    ("tls", "expected"),
    [
        (simple(), ("system-ca",)),
        (simple(uses_system_ca=False), ()),
        (simple(ca_file="/ca.pem"), ("client-ca|/ca.pem",)),
        (simple(ca_file="/a.pem", more_ca_files=("/b.pem",)), ("client-cas|/a.pem|/b.pem",)),
        (simple(ca_secret=SECRET), ("secret-ca|shop/client",)),
        (simple(ca_maps=CA), ("config-map-ca|shop/roots+config-map-ca|shop/more",)),
        (simple(secret=SECRET), ("secret-ca|shop/client",)),
        (simple(ca_file="/ca.pem", skips_verification=True), ()),
        (mutual(secret=SECRET), ("secret|shop/client", "secret-ca|shop/client")),
        (mutual(secret=SECRET, ca_maps=CA), ("secret|shop/client", "config-map-ca|shop/roots+config-map-ca|shop/more")),
        (mutual(certificate_file="/c", key_file="/k"), ("certificate|/c|/k", "system-ca")),
        (ClientTls(mode=TlsMode.MESH), ()),
        (ClientTls(mode=TlsMode.DISABLE), ()),
        (None, ()),
    ],
)
def test_the_secrets_that_are_needed(tls: ClientTls | None, expected: tuple[str, ...]) -> None:
    assert client_tls.secret_names(tls) == expected


def test_the_server_must_be_whom_it_was_asked_for() -> None:
    found = context(simple())
    assert found["sni"] == "api.example"
    assert found["auto_sni_san_validation"] is True
    validation = found["common_tls_context"]["combined_validation_context"]
    assert validation["default_validation_context"] == {}
    assert validation["validation_context_sds_secret_config"]["name"] == "system-ca"
    assert validation["validation_context_sds_secret_config"]["sds_config"]["initial_fetch_timeout"] == "1s"


def test_a_server_name_takes_the_place_of_the_host() -> None:
    assert context(simple(server_name="other.example"))["sni"] == "other.example"


def test_the_server_may_have_other_names() -> None:
    found = context(simple(), names=("spiffe://x/y", "b.example"))
    assert "auto_sni_san_validation" not in found
    validation = found["common_tls_context"]["combined_validation_context"]["default_validation_context"]
    assert [each["matcher"]["exact"] for each in validation["match_typed_subject_alt_names"]] == [
        "spiffe://x/y",
        "b.example",
    ]


def test_an_address_is_no_server_name() -> None:
    for found in (context(simple(), host="10.0.0.1"), context(simple(server_name="::1"))):
        assert "sni" not in found and "auto_sni_san_validation" not in found
        validation = found["common_tls_context"]["combined_validation_context"]["default_validation_context"]
        (name,) = validation["match_typed_subject_alt_names"]
        assert name["san_type"] == "IP_ADDRESS"


def test_whoever_does_not_verify_verifies_nothing() -> None:
    found = context(simple(skips_verification=True), names=("b.example",))
    assert set(found["common_tls_context"]) == {"tls_params"}
    assert "auto_sni_san_validation" not in found


def test_a_gateway_may_show_a_certificate_of_its_own() -> None:
    tls = ClientTls(mode=TlsMode.SIMPLE, shown_secret=Name("shop", "client"), ca_maps=(Name("shop", "ca"),))
    assert client_tls.certificate_name(tls) == "secret|shop/client"
    assert client_tls.authorities_name(tls) == "config-map-ca|shop/ca"


def test_the_client_shows_its_certificate() -> None:
    found = context(mutual(certificate_file="/c", key_file="/k"))
    (shown,) = found["common_tls_context"]["tls_certificate_sds_secret_configs"]
    assert shown["name"] == "certificate|/c|/k"

from __future__ import annotations

import pytest

from tests.envoy.decoded import decoded
from tulle.envoy import issuers
from tulle.envoy.issuers import Place
from tulle.model.mesh import Settings

SETTINGS = Settings()


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("https://issuer.example/keys", ("https", "issuer.example", 443)),
        ("http://issuer.example:8080/keys", ("http", "issuer.example", 8080)),
        ("http://[::1]/keys", ("http", "::1", 80)),
        ("ftp://issuer.example/keys", None),
        ("https:///keys", None),
        ("https://issuer.example:99999/", None),
        ("rubbish", None),
    ],
)
def test_an_address_says_where_keys_are(uri: str, expected: tuple[str, str, int] | None) -> None:
    assert issuers.place(uri) == expected


def test_servers_outside_have_clusters_of_their_own() -> None:
    found = decoded(issuers.cluster(SETTINGS, Place("https", "issuer.example", 443)))
    assert found["name"] == found["load_assignment"]["cluster_name"] == "issuer|https|issuer.example:443"
    assert found["type"] == "STRICT_DNS"
    tls = found["transport_socket"]["typed_config"]
    validation = tls["common_tls_context"]["combined_validation_context"]["validation_context_sds_secret_config"]
    assert (tls["sni"], tls["auto_sni_san_validation"], validation["name"]) == ("issuer.example", True, "system-ca")
    plain = decoded(issuers.cluster(SETTINGS, Place("http", "::1", 80)))
    assert plain["name"] == "issuer|http|[::1]:80"
    assert "transport_socket" not in plain

from __future__ import annotations

from tests.envoy.decoded import Json, as_json
from tulle.envoy import secrets


def context(socket: object) -> Json:
    found: Json = as_json(socket)["typed_config"]
    return found


def test_callers_accept_one_identity_and_speak_tls_1_3_at_both_ends_of_the_range() -> None:
    found = context(secrets.calling(("spiffe://td/ns/ns/sa/web",), "web.ns.svc.cluster.local", ["h2"]))
    common = found["common_tls_context"]
    assert set(common["tls_params"].values()) == {"TLSv1_3"}
    validation = common["combined_validation_context"]
    assert validation["default_validation_context"]["match_typed_subject_alt_names"] == [
        {"san_type": "URI", "matcher": {"exact": "spiffe://td/ns/ns/sa/web"}}
    ]
    assert validation["validation_context_sds_secret_config"]["name"] == "trust"
    assert common["tls_certificate_sds_secret_configs"][0]["name"] == "workload"
    assert common["tls_certificate_sds_secret_configs"][0]["sds_config"]["initial_fetch_timeout"] == "0s"
    assert found["sni"] == "web.ns.svc.cluster.local"
    assert found["max_session_keys"] == 0


def test_two_callers_do_not_share_their_peer() -> None:
    first, second = (secrets.calling((f"spiffe://td/{each}",), each, []) for each in ("a", "b"))
    assert first.typed_config != second.typed_config


def test_a_peer_may_have_any_of_several_names() -> None:
    found = context(secrets.calling(("spiffe://td/a", "a.example", "10.0.0.1", "fd00::1", "a@b.example"), "a", []))
    validation = found["common_tls_context"]["combined_validation_context"]["default_validation_context"]
    assert [each["san_type"] for each in validation["match_typed_subject_alt_names"]] == [
        "URI",
        "DNS",
        "IP_ADDRESS",
        "IP_ADDRESS",
        "EMAIL",
    ]
    assert "alpn_protocols" not in found["common_tls_context"]


def test_the_called_want_a_certificate_of_their_trust_domain() -> None:
    found = context(secrets.called("td"))
    assert found["require_client_certificate"] is True
    assert found["disable_stateless_session_resumption"] is True
    names = found["common_tls_context"]["combined_validation_context"]["default_validation_context"]
    assert names["match_typed_subject_alt_names"][0]["matcher"] == {"prefix": "spiffe://td/"}


def test_aliases_of_the_trust_domain_count_too() -> None:
    found = context(secrets.called("td", ("old",)))
    names = found["common_tls_context"]["combined_validation_context"]["default_validation_context"]
    assert [each["matcher"]["prefix"] for each in names["match_typed_subject_alt_names"]] == [
        "spiffe://td/",
        "spiffe://old/",
    ]


def test_a_file_that_never_comes_keeps_nobody_waiting() -> None:
    secret = as_json(secrets.file_reference("certificate|/c|/k"))
    assert (secret["name"], secret["sds_config"]["initial_fetch_timeout"]) == ("certificate|/c|/k", "1s")

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tulle.envoy import naming
from tulle.model.names import Name

WORD = st.from_regex(r"[a-z][a-z0-9-]{0,10}", fullmatch=True)


@given(WORD, WORD, st.integers(1, 65535), st.one_of(st.none(), WORD))
def test_a_cluster_name_says_what_it_was_made_of(namespace: str, name: str, port: int, subset: str | None) -> None:
    service = Name(namespace, name)
    assert naming.parse_cluster(naming.cluster(service, port, subset)) == (service, port, subset or "")


@pytest.mark.parametrize(
    "name", ["outside", "inbound|http", "outbound|x||a.b", "outbound|²||a.b", "outbound|1|a.b", ""]
)
def test_any_other_name_names_no_service(name: str) -> None:
    assert naming.parse_cluster(name) == naming.NOTHING


def test_secrets_are_named_by_what_they_hold() -> None:
    name = Name("shop", "tls")
    assert naming.secret(name) == "secret|shop/tls"
    assert naming.secret_ca(name) == "secret-ca|shop/tls"
    assert naming.config_map_ca(name, Name("a", "b")) == "config-map-ca|shop/tls,a/b"


def test_people_say_it_shorter() -> None:
    assert naming.spoken(Name("default", "web"), 80, "") == "web.default:80"
    assert naming.spoken(Name("default", "web"), 80, "v2") == "web.default:80/v2"

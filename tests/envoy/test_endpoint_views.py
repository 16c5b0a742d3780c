from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tulle.envoy import endpoint_views, naming
from tulle.envoy.endpoint_views import Preference, View
from tulle.model.names import Name
from tulle.model.policies import Locality

WORD = st.from_regex(r"[a-z][a-z0-9-]{0,10}", fullmatch=True)
HOST = st.from_regex(r"(\*\.)?[a-z][a-z0-9-]{0,5}(\.[a-z]{1,5}){0,2}", fullmatch=True)
"""Services of other documents are called like their hosts."""
TEXT = st.text(max_size=12)
LABELS = st.dictionaries(TEXT.filter(bool), TEXT).map(lambda found: tuple(sorted(found.items())))
PLACES = st.builds(Locality, region=WORD, zone=WORD, subzone=st.one_of(st.just(""), WORD))
PREFERENCES = st.one_of(
    st.none(),
    st.builds(Preference, shares=st.lists(st.tuples(TEXT, st.integers(1, 100)), min_size=1).map(tuple)),
    st.builds(Preference, near=PLACES, refuge=st.one_of(st.just(""), WORD)),
    st.builds(Preference, labels=LABELS),
)
WEB = Name("default", "web")


@given(WORD, HOST, st.integers(1, 65535), LABELS, PREFERENCES, st.booleans())
def test_a_name_says_all_of_a_view(
    namespace: str, name: str, port: int, labels: endpoint_views.Pairs, preference: Preference | None, is_udp: bool
) -> None:
    view = View(service=Name(namespace, name), port=port, labels=labels, preference=preference, is_udp=is_udp)
    assert endpoint_views.parse(view.name) == view


def test_all_endpoints_of_a_port_are_called_like_its_cluster() -> None:
    assert View(service=WEB, port=80).name == naming.cluster(WEB, 80)


def test_names_can_be_read() -> None:
    near = Preference(near=Locality(region="eu", zone="a"), refuge="us")
    view = View(service=WEB, port=80, labels=(("version", "v1"), ("app", "web")), preference=near)
    assert view.name == "outbound|80|app=web;version=v1|web.default|near;eu/a;us"


@pytest.mark.parametrize(
    "name", ["outside", "inbound|http", "outbound|x||a.b", "outbound|²||a.b", "outbound|1|a.b", "", "a|1||b|c|d"]
)
def test_any_other_name_names_no_view(name: str) -> None:
    assert endpoint_views.parse(name) == endpoint_views.NOTHING


def test_an_unknown_preference_is_none() -> None:
    assert endpoint_views.parse("outbound|80||web.default|whatever") == View(service=WEB, port=80)
    assert endpoint_views.parse("outbound|80||web.default|shares;a=x;b=2").preference == Preference(shares=(("b", 2),))

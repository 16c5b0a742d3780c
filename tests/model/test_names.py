from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tulle.kit.codec import decode, encode
from tulle.model.names import Name, full_host, host_names


def test_a_bare_name_belongs_to_the_given_namespace() -> None:
    assert Name.parse("web") == Name("default", "web")
    assert Name.parse("web", "shop") == Name("shop", "web")
    assert Name.parse("web.shop") == Name("shop", "web")


@given(st.from_regex("[a-z]{1,8}", fullmatch=True), st.from_regex("[a-z]{1,8}", fullmatch=True))
def test_what_is_written_is_read_back(namespace: str, name: str) -> None:
    assert Name.parse(str(Name(namespace, name)), "other") == Name(namespace, name)


@given(st.from_regex("[a-z]{1,8}", fullmatch=True), st.from_regex(r"[a-z*]{1,4}(\.[a-z]{1,4}){0,3}", fullmatch=True))
def test_services_may_be_called_like_hosts(namespace: str, name: str) -> None:
    assert Name.written(str(Name(namespace, name))) == Name(namespace, name)


def test_the_short_name_is_only_known_in_its_namespace() -> None:
    names = ("web.shop.svc.cluster.local", "web.shop.svc", "web.shop")
    assert full_host(Name("shop", "web")) == names[0]
    assert host_names(Name("shop", "web"), "other") == names
    assert host_names(Name("shop", "web"), "shop") == (*names, "web")


def test_processes_tell_each_other_names_as_mappings() -> None:
    assert encode(Name("shop", "web")) == b'{"namespace":"shop","name":"web"}'
    assert decode(Name, encode(Name("shop", "web"))) == Name("shop", "web")

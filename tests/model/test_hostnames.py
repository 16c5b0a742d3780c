from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tulle.model.hostnames import best, common, covers, is_address, narrowed, plain, subnet, subnets, wider, wildcards

LABELS = ("a", "b")
NAMES = [".".join(labels) for length in (1, 2, 3, 4) for labels in itertools.product(LABELS, repeat=length)]
"""Every name of up to four labels."""
hosts = st.one_of(
    st.just("*"),
    st.lists(st.sampled_from(LABELS), min_size=1, max_size=3).map(".".join),
    st.lists(st.sampled_from(LABELS), min_size=1, max_size=2).map(lambda labels: "*." + ".".join(labels)),
)


def named(host: str) -> frozenset[str]:
    """The names that a host stands for, read label by label: `*` is one label or more, or alone everything."""
    if host == "*":
        return frozenset(NAMES)
    wanted = host.split(".")[::-1]
    found = set()
    for name in NAMES:
        labels = name.split(".")[::-1]
        if wanted[-1] == "*":
            if len(labels) >= len(wanted) and labels[: len(wanted) - 1] == wanted[:-1]:
                found.add(name)
        elif labels == wanted:
            found.add(name)
    return frozenset(found)


@given(hosts, hosts)
def test_what_two_hosts_have_in_common(one: str, other: str) -> None:
    both = common(one, other)
    assert (named(both) if both else frozenset()) == named(one) & named(other)
    assert both == common(other, one)


@given(hosts, hosts)
def test_what_covers_what(wide: str, narrow: str) -> None:
    assert covers(wide, narrow) == (named(narrow) <= named(wide))


@given(hosts)
def test_what_is_wider_covers(host: str) -> None:
    found = list(wider(host))
    assert found[0] == host and found[-1] == "*" and len(set(found)) == len(found)
    for narrow, wide in itertools.pairwise(found):
        assert named(narrow) < named(wide)


@pytest.mark.parametrize(
    ("one", "other", "both"),
    [
        ("test.example.com", "*.example.com", "test.example.com"),
        ("*.example.com", "foo.test.example.com", "foo.test.example.com"),
        ("*.example.com", "*.test.example.com", "*.test.example.com"),
        ("*.example.com", "example.com", ""),
        ("*.example.com", "test.example.net", ""),
        ("*.example.com", "badexample.com", ""),
        ("*", "*.example.com", "*.example.com"),
    ],
)
def test_examples_of_the_specification(one: str, other: str, both: str) -> None:
    assert common(one, other) == both


def test_wider_hosts_from_the_most_specific_on() -> None:
    assert list(wider("a.b.c")) == ["a.b.c", "*.b.c", "*.c", "*"]
    assert list(wider("*.b.c")) == ["*.b.c", "*.c", "*"]
    assert list(wider("a")) == ["a", "*"]
    assert list(wider("*")) == ["*"]
    assert list(wildcards("*.b.c")) == ["*.c", "*"]


@given(hosts, st.sets(hosts))
def test_the_best_wildcard_is_covered_by_all_others_that_fit(host: str, patterns: set[str]) -> None:
    fitting = {each for each in patterns if covers(each, host)}
    found = best(host, patterns)
    assert found in fitting if fitting else found is None
    assert all(covers(each, found or "") for each in fitting)


def test_hosts_are_plain_and_lists_narrow_each_other() -> None:
    assert plain("A.b:80") == plain("A.b") == "a.b"
    assert narrowed(("*", "x.b"), ("*.b", "a")) == ("*.b", "a", "x.b")


@pytest.mark.parametrize(
    ("text", "expected"), [("10.0.0.1", True), ("::1", True), ("[::1]", False), ("1.2", False), ("fe80::1%a", False)]
)
def test_addresses_are_no_names(text: str, expected: bool) -> None:
    assert is_address(text) is expected


def test_subnets_are_written_in_one_form() -> None:
    assert [subnet(each) for each in ("10.1.2.3/8", "10.1.2.3", "10.1.2.3/32", "FD00::1", "web")] == [
        "10.0.0.0/8",
        "10.1.2.3",
        "10.1.2.3",
        "fd00::1",
        "web",
    ]
    around = list(subnets("10.1.2.3"))
    assert around[:3] == ["10.1.2.3", "10.1.2.2/31", "10.1.2.0/30"]
    assert around[-1] == "0.0.0.0/0" and len(around) == 33
    assert list(subnets("web")) == []

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tulle.flow.hostnames import covers, intersection, wider

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
    common = intersection(one, other)
    assert (named(common) if common is not None else frozenset()) == named(one) & named(other)
    assert common == intersection(other, one)


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
    ("one", "other", "common"),
    [
        ("test.example.com", "*.example.com", "test.example.com"),
        ("*.example.com", "foo.test.example.com", "foo.test.example.com"),
        ("*.example.com", "*.test.example.com", "*.test.example.com"),
        ("*.example.com", "example.com", None),
        ("*.example.com", "test.example.net", None),
        ("*.example.com", "badexample.com", None),
        ("*", "*.example.com", "*.example.com"),
    ],
)
def test_examples_of_the_specification(one: str, other: str, common: str | None) -> None:
    assert intersection(one, other) == common


def test_wider_hosts_from_the_most_specific_on() -> None:
    assert list(wider("a.b.c")) == ["a.b.c", "*.b.c", "*.c", "*"]
    assert list(wider("*.b.c")) == ["*.b.c", "*.c", "*"]
    assert list(wider("a")) == ["a", "*"]

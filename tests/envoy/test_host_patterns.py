from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tulle.envoy import host_patterns

LABELS = st.lists(st.sampled_from("ab"), min_size=1, max_size=3).map(".".join)
PATTERNS = st.one_of(LABELS, LABELS.map(lambda text: f"*.{text}"), st.just("*"))


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("*", "a.b", "a.b"),
        ("a.b", "*", "a.b"),
        ("*.b", "a.b", "a.b"),
        ("*.b", "x.a.b", "x.a.b"),
        ("*.b", "b", ""),
        ("*.b", "*.a.b", "*.a.b"),
        ("*.b", "*.b", "*.b"),
        ("a.b", "c.b", ""),
        ("*.b", "*.c", ""),
    ],
)
def test_what_two_patterns_have_in_common(one: str, other: str, expected: str) -> None:
    assert host_patterns.common(one, other) == expected


@given(PATTERNS, PATTERNS, LABELS)
def test_what_is_common_is_what_both_cover(one: str, other: str, host: str) -> None:
    both = host_patterns.common(one, other)
    assert (both == host_patterns.common(other, one)) is True
    covered = bool(both) and host_patterns.covers(both, host)
    assert covered == (host_patterns.covers(one, host) and host_patterns.covers(other, host))


@given(LABELS, st.sets(PATTERNS))
def test_the_best_pattern_is_covered_by_all_others_that_fit(host: str, patterns: set[str]) -> None:
    fitting = {each for each in patterns if host_patterns.covers(each, host)}
    best = host_patterns.best(host, patterns)
    assert best in fitting if fitting else best is None
    assert all(host_patterns.covers(each, best or "") for each in fitting)


def test_hosts_are_plain_and_lists_narrow_each_other() -> None:
    assert host_patterns.plain("A.b:80") == "a.b"
    assert host_patterns.plain("A.b") == "a.b"
    assert list(host_patterns.wider("*")) == ["*"]
    assert host_patterns.narrowed(("*", "x.b"), ("*.b", "a")) == ("*.b", "a", "x.b")

from __future__ import annotations

from tulle.envoy.steps import paths
from tulle.envoy.steps.parts import Native, Work
from tulle.model.steps import AddPrefix, ReplacePath, ReplacePattern, StripPattern, StripPrefix


def test_plain_changes_are_one_operation() -> None:
    assert paths.add_prefix(AddPrefix(prefix="/a"), "n") == (Work(request=({"op": "add_prefix", "prefix": "/a"},)),)
    assert paths.strip_prefix(StripPrefix(prefixes=("/a",)), "n") == (
        Work(request=({"op": "strip", "prefixes": ["/a"]},)),
    )
    (found,) = paths.replace_path(ReplacePath(path="/a"), "n")
    assert isinstance(found, Work)
    assert found.request[0]["broken"] == ""
    (found,) = paths.replace_path(ReplacePath(path="/%zz"), "n")
    assert isinstance(found, Work)
    assert found.request[0]["broken"] == 'invalid URL escape "%zz"'


def test_patterns_need_a_filter_between_two_operations() -> None:
    first, native, last = paths.replace_pattern(ReplacePattern(pattern="a", replacement="b"), "n")
    assert isinstance(first, Work) and isinstance(native, Native) and isinstance(last, Work)
    first, native, last = paths.strip_patterns(StripPattern(patterns=("a", "b")), "n")
    assert isinstance(native, Native)
    assert len(native.filters) == 2

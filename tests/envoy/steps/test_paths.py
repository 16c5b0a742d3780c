from __future__ import annotations

from typing import Any

from tulle.envoy.steps import paths
from tulle.envoy.steps.parts import Native, Part, Where, Work
from tulle.model.steps import AddPrefix, ReplacePath, ReplacePattern, StripPattern, StripPrefix

HERE = Where("3", "router/1")


def operation(part: Part) -> Any:
    assert isinstance(part, Work)
    (found,) = part.request
    return found


def rules(part: Part) -> list[Any]:
    assert isinstance(part, Native)
    (found,) = part.filters
    return list(found["typed_config"]["request_rules"])


def test_plain_steps_are_one_operation() -> None:
    (added,) = paths.add_prefix(AddPrefix(prefix="/a"), HERE)
    assert operation(added) == {"op": "add_prefix", "prefix": "/a"}
    (stripped,) = paths.strip_prefix(StripPrefix(prefixes=("/a", "/b")), HERE)
    assert operation(stripped) == {"op": "strip", "prefixes": ["/a", "/b"]}


def test_another_path_is_written_as_go_does() -> None:
    for path, written, broken in (
        ("/a%20b", "/a%20b", ""),
        ("/a b", "/a%20b", ""),
        ("/ü?", "/%C3%BC%3F", ""),
        ("/a%", "/a%", 'invalid URL escape "%"'),
        ("/a%zzz", "/a%zzz", 'invalid URL escape "%zz"'),
    ):
        (replaced,) = paths.replace_path(ReplacePath(path=path), HERE)
        assert operation(replaced) == {"op": "replace", "path": written, "broken": broken}


def test_patterns_work_on_a_header_between_two_operations() -> None:
    before, native, after = paths.replace_pattern(ReplacePattern(pattern="^/(a)", replacement="/$1"), HERE)
    assert operation(before)["header"] == "x-tulle.steps-3"
    fits, result = rules(native)
    assert fits["on_header_present"]["regex_value_rewrite"]["pattern"]["regex"] == "^(?s:.*)(?:^/(a))(?s:.*)$"
    assert (fits["remove"], result["remove"]) == (False, True)
    assert result["on_header_present"]["regex_value_rewrite"]["substitution"] == r"/\1"
    assert operation(after) == {"op": "take_path", "note": "3"}


def test_an_empty_pattern_is_written_so_that_envoy_takes_it() -> None:
    _, native, _ = paths.replace_pattern(ReplacePattern(pattern="", replacement="x"), HERE)
    assert rules(native)[1]["on_header_present"]["regex_value_rewrite"]["pattern"]["regex"] == "(?:)"


def test_every_pattern_that_strips_leaves_a_note() -> None:
    before, native, after = paths.strip_patterns(StripPattern(patterns=("/a", "/b")), HERE)
    assert operation(before)["op"] == "write_meant"
    assert [each["remove"] for each in rules(native)] == [False, True]
    assert operation(after)["notes"] == ["3-0", "3-1"]
    assert paths.strip_patterns(StripPattern(patterns=()), HERE) == ()


def test_one_rule_reads_its_own_header() -> None:
    (rule,) = paths.rewritten("x", "a", "b")["typed_config"]["request_rules"]  # type: ignore[index]
    assert rule["header"] == "x-tulle.steps-x"

from __future__ import annotations

import pytest

from tulle.sources.legacy.rules import BadRule, converted


@pytest.mark.parametrize(
    ("rules", "text"),
    [
        (["Host:Shop.example.org"], "Host(`shop.example.org`)"),
        (["Host:a.org, b.org"], "Host(`a.org`, `b.org`)"),
        (["Host:a.org;PathPrefix:/x,/y"], "Host(`a.org`) && PathPrefix(`/x`, `/y`)"),
        (["Host:a.org", "Path:/x"], "Host(`a.org`) && Path(`/x`)"),
        (["HostRegexp:{sub:[a-z]+}.a.org"], "HostRegexp(`{sub:[a-z]+}.a.org`)"),
        (["Method:GET,POST"], "Method(`GET`, `POST`)"),
        (["Headers:X-A,1,X-B,2"], "Headers(`X-A`, `1`) && Headers(`X-B`, `2`)"),
        (["HeadersRegexp:X-A,^1"], "HeadersRegexp(`X-A`, `^1`)"),
        (["Query:a=b,c=d"], "Query(`a=b`, `c=d`)"),
        (["Path:/a:b"], "Path(`/a:b`)"),
        (["AddPrefix:/x"], "PathPrefix(`/`)"),
        (["PathStrip:/x"], "Path(`/x`)"),
        (["Host:a.org;"], "Host(`a.org`)"),
        ([" Host : a.org "], "Host(`a.org`)"),
    ],
)
def test_matchers(rules: list[str], text: str) -> None:
    found = converted(rules)
    assert found.text == text
    assert found.length == sum(map(len, rules))


def test_paths_are_changed_in_the_order_of_traefik_1() -> None:
    found = converted(
        [
            "ReplacePath:/r;ReplacePathRegex:^/a{1,2}(.*) /b/$1;AddPrefix:/p;PathPrefixStrip:/x,/x/y;"
            "PathPrefixStripRegex:/v.{n:[0-9]+}/{any}"
        ]
    )
    assert found.modifiers == (
        ("stripPrefixRegex", {"regex": ["^/v\\.(?:[0-9]+)/[^/]+"]}),
        ("stripPrefix", {"prefixes": ["/x/y", "/x"]}),
        ("addPrefix", {"prefix": "/p"}),
        ("replacePathRegex", {"regex": "^/a{1,2}(.*)", "replacement": "/b/$1"}),
        ("replacePath", {"path": "/r"}),
    )


@pytest.mark.parametrize(
    ("rule", "sentence"),
    [
        ("", "is empty"),
        ("Hots:a", 'has Hots where a function is needed; did you mean "Host"'),
        ("Host", "has Host without a value"),
        ("Host:", "has Host without a value"),
        ("Path:/`", "has a backtick"),
        ("Headers:X", "with a name that has no value"),
        ("ReplacePathRegex:^/a", "without two values"),
        ("Host:" + "a" * 20_000, "is longer"),
        (":x", "has nothing where"),
    ],
)
def test_what_is_no_rule(rule: str, sentence: str) -> None:
    with pytest.raises(BadRule, match=sentence):
        converted([rule])

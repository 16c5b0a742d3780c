from __future__ import annotations

import re

import pytest

from tests.envoy.decoded import as_json
from tulle.envoy.matches import is_unconditional, route_match
from tulle.model.routes import Match, PathKind, PathMatch, Source, ValueKind, ValueMatch


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (None, {"prefix": "/"}),
        (PathMatch(PathKind.EXACT, "/a"), {"path": "/a"}),
        (PathMatch(PathKind.PREFIX, "/a/"), {"path_separated_prefix": "/a"}),
        (PathMatch(PathKind.PREFIX, "/"), {"prefix": "/"}),
        (PathMatch(PathKind.PREFIX, "/a", ignore_case=True), {"path_separated_prefix": "/a", "case_sensitive": False}),
        (PathMatch(PathKind.TEXT_PREFIX, "/a"), {"prefix": "/a"}),
        (PathMatch(PathKind.TEXT_PREFIX, ""), {"prefix": "/"}),
        (PathMatch(PathKind.REGEX, "/a.*"), {"safe_regex": {"regex": "/a.*"}}),
        (PathMatch(PathKind.REGEX, "/a|/b", ignore_case=True), {"safe_regex": {"regex": "(?i:/a|/b)"}}),
    ],
)
def test_paths(path: PathMatch | None, expected: object) -> None:
    assert as_json(route_match(Match(path=path))) == expected


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (ValueKind.EXACT, {"exact": "v"}),
        (ValueKind.PREFIX, {"prefix": "v"}),
        (ValueKind.SUFFIX, {"suffix": "v"}),
        (ValueKind.CONTAINS, {"contains": "v"}),
        (ValueKind.REGEX, {"safe_regex": {"regex": "v"}}),
    ],
)
def test_values_of_headers_and_queries(kind: ValueKind, expected: object) -> None:
    value = ValueMatch("n", kind, "v")
    message = as_json(route_match(Match(headers=(value,), query=(value,))))
    assert message["headers"] == [{"name": "n", "string_match": expected}]
    assert message["query_parameters"] == [{"name": "n", "string_match": expected}]


def test_presence() -> None:
    value = ValueMatch("n", ValueKind.PRESENT)
    message = as_json(route_match(Match(headers=(value,), query=(value,))))
    assert message["headers"] == [{"name": "n", "present_match": True}]
    assert message["query_parameters"] == [{"name": "n", "present_match": True}]


def test_a_header_that_is_missing_is_not_equal() -> None:
    message = as_json(route_match(Match(headers=(ValueMatch("n", ValueKind.EXACT, "v", invert=True),))))
    assert message["headers"][0]["invert_match"] is True
    assert message["headers"][0]["treat_missing_header_as_empty"] is True


def test_the_host_header_is_the_authority() -> None:
    message = as_json(route_match(Match(headers=(ValueMatch("Host", ValueKind.EXACT, "v"),))))
    assert message["headers"][0]["name"] == ":authority"


@pytest.mark.parametrize(
    ("kind", "value", "fits", "others"),
    [
        (ValueKind.EXACT, "1", ["/?n=1", "/a?b=2&n=1&c", "/?n=1&n=2"], ["/", "/?n=12", "/?m=1", "/?xn=1", "/n=1"]),
        (ValueKind.EXACT, "", ["/?n=", "/?n", "/?n&a"], ["/?n=1", "/?an", "/"]),
        (ValueKind.PREFIX, "1", ["/?n=1", "/?n=12"], ["/?n=21", "/?m=1"]),
        (ValueKind.SUFFIX, "1", ["/?n=1", "/?n=21"], ["/?n=12", "/?n=2&m=1"]),
        (ValueKind.CONTAINS, ".", ["/?n=a.b"], ["/?n=ab", "/?n=a&m=."]),
        (ValueKind.REGEX, "a|b", ["/?n=a", "/?n=b"], ["/?n=ab", "/"]),
        (ValueKind.PRESENT, "", ["/?n", "/?n=1", "/?a&n=2&b"], ["/", "/?m=n", "/n"]),
    ],
)
def test_queries_that_must_not_be(kind: ValueKind, value: str, fits: list[str], others: list[str]) -> None:
    message = as_json(route_match(Match(query=(ValueMatch("n", kind, value, invert=True),))))
    (header,) = message["headers"]
    assert header["name"] == ":path"
    assert header["invert_match"] is True
    pattern = header["string_match"]["safe_regex"]["regex"]
    assert all(re.fullmatch(pattern, target) for target in fits)
    assert not any(re.fullmatch(pattern, target) for target in others)


def test_methods() -> None:
    one, two = as_json(route_match(Match(methods=("GET",)))), as_json(route_match(Match(methods=("GET", "PUT"))))
    assert one["headers"] == [{"name": ":method", "string_match": {"exact": "GET"}}]
    assert two["headers"] == [{"name": ":method", "string_match": {"safe_regex": {"regex": "GET|PUT"}}}]


@pytest.mark.parametrize(
    ("match", "expected"),
    [
        (Match(), True),
        (Match(path=PathMatch(PathKind.PREFIX, "/")), True),
        (Match(path=PathMatch(PathKind.TEXT_PREFIX, "")), True),
        (Match(path=PathMatch(PathKind.EXACT, "/")), False),
        (Match(path=PathMatch(PathKind.PREFIX, "/a")), False),
        (Match(methods=("GET",)), False),
        (Match(query=(ValueMatch("a", ValueKind.PRESENT),)), False),
    ],
)
def test_what_fits_every_request(match: Match, expected: bool) -> None:
    assert is_unconditional(match) is expected


@pytest.mark.parametrize("kind", [ValueKind.PREFIX, ValueKind.SUFFIX, ValueKind.CONTAINS])
def test_an_empty_part_is_mere_presence(kind: ValueKind) -> None:
    value = ValueMatch("n", kind)
    message = as_json(route_match(Match(headers=(value,), query=(value,), claims=(value,))))
    assert message["headers"] == message["query_parameters"] == [{"name": "n", "present_match": True}]
    assert message["dynamic_metadata"][0]["value"] == {"present_match": True}


def test_an_empty_pattern_fits_nothing_but_the_empty_text() -> None:
    value = ValueMatch("n", ValueKind.REGEX)
    message = as_json(route_match(Match(path=PathMatch(PathKind.REGEX, ""), headers=(value,))))
    assert message["safe_regex"]["regex"] == message["headers"][0]["string_match"]["safe_regex"]["regex"] == "(?:)"


def test_of_claims_that_are_lists_any_element_counts() -> None:
    claim = ValueMatch("realm/roles", ValueKind.EXACT, "admin", invert=True)
    (message,) = as_json(route_match(Match(claims=(claim,))))["dynamic_metadata"]
    assert message["filter"] == "envoy.filters.http.jwt_authn"
    assert [each["key"] for each in message["path"]] == ["payload", "realm", "roles"]
    one = {"string_match": {"exact": "admin"}}
    assert message["value"] == {"or_match": {"value_matchers": [one, {"list_match": {"one_of": one}}]}}
    assert message["invert"] is True


def test_what_is_decided_before_is_no_condition() -> None:
    assert is_unconditional(Match(ports=(80,), source=Source(namespace="a")))
    assert not is_unconditional(Match(claims=(ValueMatch("a", ValueKind.PRESENT),)))

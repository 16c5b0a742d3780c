from __future__ import annotations

from typing import Any

import pytest

from tests.envoy.decoded import as_json
from tulle.envoy import attributes
from tulle.envoy.attributes import View

HTTP = View(ports=frozenset((8000,)), trust_domains=("td", "old"), namespace="ns")
BYTES = View(ports=frozenset((8000,)), trust_domains=("td", "old"), namespace="ns", is_http=False)
NEVER = {"not_rule": {"any": True}}


def permission(key: str, value: str, view: View = HTTP) -> Any:
    found = attributes.permission(view, key, value)
    return None if found is None else as_json(found)


def principal(key: str, value: str, view: View = HTTP) -> Any:
    found = attributes.principal(view, key, value)
    return None if found is None else as_json(found)


def names(key: str, value: str) -> list[dict[str, Any]]:
    """The identities that a pattern means."""
    found = principal(key, value)
    several = found["or_ids"]["ids"] if "or_ids" in found else [found]
    return [each["authenticated"]["principal_name"] for each in several]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("a", {"exact": "a"}),
        ("a*", {"prefix": "a"}),
        ("*a", {"suffix": "a"}),
        ("*", {"safe_regex": {"regex": ".+"}}),
    ],
)
def test_patterns_begin_or_end_with_a_star(pattern: str, expected: object) -> None:
    assert as_json(attributes.text(pattern)) == expected


@pytest.mark.parametrize("key", ["ports", "destination.port"])
def test_ports_are_decided_at_once(key: str) -> None:
    assert permission(key, "8000") == {"any": True}
    assert permission(key, "9000", BYTES) == NEVER
    assert permission(key, "http") == NEVER


def test_what_is_asked() -> None:
    assert permission("destination.ip", "10.0.0.1/8") == {
        "destination_ip": {"address_prefix": "10.0.0.0", "prefix_len": 8}
    }
    assert permission("destination.ip", "here") is None
    assert permission("connection.sni", "*.example") == {"requested_server_name": {"suffix": ".example"}}
    assert permission("methods", "GET") == {"header": {"name": ":method", "string_match": {"exact": "GET"}}}
    assert permission("methods", "*") == {"header": {"name": ":method", "present_match": True}}
    assert permission("unheard-of", "x") is None


@pytest.mark.parametrize("key", ["hosts", "methods", "paths"])
def test_requests_cannot_be_seen_everywhere(key: str) -> None:
    assert permission(key, "x") is not None
    assert permission(key, "x", BYTES) is None


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("a.example", {"safe_regex": {"regex": r"(?i)a\.example(:[0-9]+)?"}}),
        ("*.example", {"safe_regex": {"regex": r"(?i).*\.example(:[0-9]+)?"}}),
        ("a.example:80", {"exact": "a.example:80", "ignore_case": True}),
        ("a.*", {"prefix": "a.", "ignore_case": True}),
        ("a.example:*", {"prefix": "a.example:", "ignore_case": True}),
    ],
)
def test_hosts_have_no_case_and_any_port(pattern: str, expected: object) -> None:
    assert permission("hosts", pattern)["header"] == {"name": ":authority", "string_match": expected}


def test_any_host_is_any_host() -> None:
    assert permission("hosts", "*")["header"] == {"name": ":authority", "present_match": True}


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("/a*", {"prefix": "/a"}),
        ("/a/{*}/b.c", {"safe_regex": {"regex": r"/a/[^/]+/b\.c"}}),
        ("/a/{**}", {"safe_regex": {"regex": "/a/.*"}}),
    ],
)
def test_paths_may_be_templates(pattern: str, expected: object) -> None:
    assert permission("paths", pattern) == {"url_path": {"path": expected}}


def test_filters_know_more() -> None:
    found = permission("experimental.envoy.filters.a.b[c]", "v*", BYTES)["metadata"]
    assert found == {"filter": "envoy.filters.a.b", "path": [{"key": "c"}], "value": {"string_match": {"prefix": "v"}}}
    listed = permission("experimental.envoy.filters.a.b[c]", "[v]")["metadata"]["value"]
    assert listed == {"list_match": {"one_of": {"string_match": {"exact": "v"}}}}
    assert permission("experimental.envoy.filters.a.b", "v") is None


@pytest.mark.parametrize(("key", "field"), [("source.ip", "direct_remote_ip"), ("remote.ip", "remote_ip")])
def test_addresses(key: str, field: str) -> None:
    assert principal(key, "10.0.0.1", BYTES) == {field: {"address_prefix": "10.0.0.1", "prefix_len": 32}}
    assert principal(key, "fe80::/10") == {field: {"address_prefix": "fe80::", "prefix_len": 10}}
    assert principal(key, "there") is None


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("x/ns/a/sa/b", [{"exact": "spiffe://x/ns/a/sa/b"}]),
        ("td/ns/a/sa/b", [{"exact": "spiffe://td/ns/a/sa/b"}, {"exact": "spiffe://old/ns/a/sa/b"}]),
        ("old/ns/a/sa/*", [{"prefix": "spiffe://td/ns/a/sa/"}, {"prefix": "spiffe://old/ns/a/sa/"}]),
        ("cluster.local/ns/a/sa/b", [{"exact": "spiffe://td/ns/a/sa/b"}, {"exact": "spiffe://old/ns/a/sa/b"}]),
        ("td/ns/a/*", [{"prefix": "spiffe://td/ns/a/"}]),
        ("*", [{"safe_regex": {"regex": ".+"}}]),
        ("*/sa/b", [{"safe_regex": {"regex": "spiffe://.*/sa/b"}}]),
        ("*/ns/a/sa/b", [{"safe_regex": {"regex": "spiffe://.*/ns/a/sa/b"}}]),
        ("*d/ns/a/sa/b", [{"safe_regex": {"regex": "spiffe://.*d/ns/a/sa/b"}}]),
        ("*td/ns/a/sa/b", [{"safe_regex": {"regex": "spiffe://.*td/ns/a/sa/b"}}, {"exact": "spiffe://old/ns/a/sa/b"}]),
        ("*zz/ns/a/sa/b", [{"safe_regex": {"regex": "spiffe://.*zz/ns/a/sa/b"}}]),
    ],
)
def test_identities_of_the_mesh_have_aliases(pattern: str, expected: object) -> None:
    assert names("source.principal", pattern) == expected


@pytest.mark.parametrize(
    ("key", "pattern", "expected"),
    [
        ("source.namespace", "a", ["spiffe://[^/]+/ns/a/.*"]),
        ("source.namespace", "a-*", [r"spiffe://[^/]+/ns/a\-[^/]*/.*"]),
        ("source.serviceAccount", "b", ["spiffe://[^/]+/ns/ns/sa/b"]),
        ("source.serviceAccount", "a/b", ["spiffe://[^/]+/ns/a/sa/b"]),
        ("source.trustDomain", "x", ["spiffe://x/.*"]),
        ("source.trustDomain", "td", ["spiffe://td/.*", "spiffe://old/.*"]),
        ("source.trustDomain", "cluster.local", ["spiffe://td/.*", "spiffe://old/.*"]),
    ],
)
def test_parts_of_identities(key: str, pattern: str, expected: list[str]) -> None:
    assert [each["safe_regex"]["regex"] for each in names(key, pattern)] == expected


def test_headers() -> None:
    assert principal("request.headers[X-A]", "a*") == {"header": {"name": "X-A", "string_match": {"prefix": "a"}}}
    assert principal("request.headers[x-a]", "*") == {"header": {"name": "x-a", "present_match": True}}
    assert principal("request.headers", "a") is None


@pytest.mark.parametrize(
    "key",
    ["request.headers[x]", "request.auth.principal", "request.auth.claims[x]", "request.auth.audiences", "unheard-of"],
)
def test_who_asks_cannot_always_be_told(key: str) -> None:
    assert principal(key, "x", BYTES) is None
    assert (principal(key, "x") is None) is (key == "unheard-of")


@pytest.mark.parametrize(
    ("pattern", "issuer", "subject"),
    [
        ("https://i/s", {"exact": "https://i"}, {"exact": "s"}),
        ("https://i/*", {"exact": "https://i"}, {"safe_regex": {"regex": ".+"}}),
        ("https://i/s*", {"exact": "https://i"}, {"prefix": "s"}),
        ("*/s", {"safe_regex": {"regex": ".+"}}, {"exact": "s"}),
        ("*i/s", {"suffix": "i"}, {"exact": "s"}),
        ("*", {"safe_regex": {"regex": ".+"}}, {"safe_regex": {"regex": ".+"}}),
        ("*s", {"safe_regex": {"regex": ".+"}}, {"suffix": "s"}),
        ("i*", {"prefix": "i"}, {"safe_regex": {"regex": ".+"}}),
        ("i", {"exact": "i"}, {"exact": ""}),
    ],
)
def test_tokens_are_known_by_issuer_and_subject(pattern: str, issuer: object, subject: object) -> None:
    parts = principal("request.auth.principal", pattern)["and_ids"]["ids"]
    assert [each["metadata"]["path"] for each in parts] == [
        [{"key": "payload"}, {"key": "iss"}],
        [{"key": "payload"}, {"key": "sub"}],
    ]
    assert [each["metadata"]["value"]["string_match"] for each in parts] == [issuer, subject]


@pytest.mark.parametrize(
    ("key", "path"),
    [
        ("request.auth.audiences", ["aud"]),
        ("request.auth.presenter", ["azp"]),
        ("request.auth.claims[a]", ["a"]),
        ("request.auth.claims[a][b.c]", ["a", "b.c"]),
    ],
)
def test_a_claim_is_a_text_or_a_list(key: str, path: list[str]) -> None:
    found = principal(key, "v")["metadata"]
    assert [each["key"] for each in found["path"]] == ["payload", *path]
    single, listed = found["value"]["or_match"]["value_matchers"]
    assert listed["list_match"]["one_of"] == single == {"string_match": {"exact": "v"}}


def test_claims_have_names() -> None:
    assert principal("request.auth.claims", "v") is None


def test_some_conditions_are_about_the_request() -> None:
    keys = (
        "destination.ip",
        "destination.port",
        "connection.sni",
        "experimental.x[y]",
        "source.ip",
        "request.headers[x]",
    )
    assert [attributes.is_about_the_request(each) for each in keys] == [True, True, True, True, False, False]

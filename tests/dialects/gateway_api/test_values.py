from __future__ import annotations

from typing import Annotated, Any

import pytest
from pydantic import TypeAdapter, ValidationError

from tulle.dialects.gateway_api import values
from tulle.dialects.gateway_api.values import at_most, is_path_text, longest, path_problem


def check(type_: Any, value: object) -> object:
    return TypeAdapter(type_).validate_python(value)


@pytest.mark.parametrize(
    ("type_", "value", "expected"),
    [
        (values.Duration, "1h2m3s4ms", 3723.004),
        (values.Duration, "0s", 0.0),
        (values.Group, "", ""),
        (values.Group, "a.example", "a.example"),
        (values.HeaderName, "X-Shop", "X-Shop"),
        (values.HeaderValue, "a b", "a b"),
        (values.Hostname, "*.example.org", "*.example.org"),
        (values.Kind, "Service", "Service"),
        (values.Namespace, "shop", "shop"),
        (values.ObjectName, "Any Name", "Any Name"),
        (values.PreciseHostname, "example.org", "example.org"),
        (values.SectionName, "a.b", "a.b"),
        (values.Uri, "spiffe://a/b?c#d", "spiffe://a/b?c#d"),
        (Annotated[tuple[int, ...], at_most(2, 1)], (1, 2), (1, 2)),
        (Annotated[str, longest(2)], "ab", "ab"),
    ],
)
def test_good_values(type_: Any, value: object, expected: object) -> None:
    assert check(type_, value) == expected


@pytest.mark.parametrize(
    ("type_", "value", "message"),
    [
        (values.Duration, 5, "must be a duration such as 500ms, 2s or 1m30s, not 5"),
        (values.Duration, "1.5s", 'must be a duration such as 500ms, 2s or 1m30s, not "1.5s"'),
        (values.Group, "a/b", 'must be an API group such as gateway.networking.k8s.io, not "a/b"'),
        (values.Group, 1, "must be an API group, not 1"),
        (values.HeaderName, ":method", 'must be the name of a header, without : and spaces, not ":method"'),
        (
            values.HeaderValue,
            "",
            'must be printable ASCII of at most 4096 characters, without spaces at its ends, not ""',
        ),
        (
            values.Hostname,
            "*",
            'must be a host name such as shop.example.org or *.example.org, in lower-case, not "*"',
        ),
        (values.Hostname, "10.0.0.1", "must be a host name, not the address 10.0.0.1"),
        (values.Kind, "a/b", 'must be a kind such as Service, not "a/b"'),
        (values.Namespace, "a.b", 'must be a namespace, not "a.b"'),
        (values.ObjectName, "", 'must be a name of 1 to 253 characters, not ""'),
        (
            values.PreciseHostname,
            "*.a",
            'must be a host name in lower-case letters such as shop.example.org, not "*.a"',
        ),
        (values.PreciseHostname, "1.2.3.4", "must be a host name, not the address 1.2.3.4"),
        (values.SectionName, "A", 'must be a name of lower-case letters, digits, - and ., not "A"'),
        (values.Uri, "nothing", 'must be a whole URI such as spiffe://example.org/ns/a/sa/b, not "nothing"'),
        (Annotated[tuple[int, ...], at_most(1)], (1, 2), "has 2 entries; at most 1 are allowed"),
        (Annotated[tuple[int, ...], at_most(2, 1)], (), "is empty; name at least one"),
        (Annotated[tuple[int, ...], at_most(3, 2)], (), "needs at least 2 entries"),
        (Annotated[str, longest(1)], "ab", "is 2 characters long; at most 1 are allowed"),
    ],
)
def test_bad_values(type_: Any, value: object, message: str) -> None:
    with pytest.raises(ValidationError) as error:
        check(type_, value)
    assert error.value.errors()[0]["msg"] == message


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("/shop", None),
        ("/%20", None),
        ("shop", 'must be a path that begins with /, not "shop"'),
        ("/a//b", 'must not contain //: "/a//b"'),
        ("/a/../b", 'must not contain /../: "/a/../b"'),
        ("/a%2Fb", 'must not contain %2F: "/a%2Fb"'),
        ("/a/..", 'must not end with /. or /..: "/a/.."'),
        ("/a?b", 'has characters that no path may have: "/a?b"'),
    ],
)
def test_paths(path: str, problem: str | None) -> None:
    assert path_problem(path) == problem


def test_text_of_paths() -> None:
    assert is_path_text("/a") and not is_path_text("a b")

from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from tulle.dialects.istio import hosts
from tulle.model.names import Name


@pytest.mark.parametrize(
    ("host", "full", "service"),
    [
        ("reviews", "reviews.shop.svc.cluster.local", Name("shop", "reviews")),
        ("reviews.other", "reviews.other", None),
        ("reviews.other.svc.cluster.local", "reviews.other.svc.cluster.local", Name("other", "reviews")),
        ("a.reviews.other.svc.cluster.local", "a.reviews.other.svc.cluster.local", None),
        ("*.other.svc.cluster.local", "*.other.svc.cluster.local", None),
        ("svc.cluster.local", "svc.cluster.local", None),
        ("*", "*", None),
        ("::1", "::1", None),
    ],
)
def test_names_of_services(host: str, full: str, service: Name | None) -> None:
    assert hosts.full_host(host, "shop") == full
    assert hosts.service_name(full) == service


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        (hosts.HostName, "Reviews", "reviews"),
        (hosts.HostName, "*.example.org", "*.example.org"),
        (hosts.HostName, "10.0.0.1", "10.0.0.1"),
        (hosts.AnyHost, "*", "*"),
        (hosts.AnyHost, "a.b", "a.b"),
    ],
)
def test_hosts(kind: Any, value: str, expected: str) -> None:
    assert TypeAdapter(kind).validate_python(value) == expected


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (hosts.HostName, "*"),
        (hosts.HostName, "a*.example.org"),
        (hosts.HostName, 1),
        (hosts.AnyHost, "a.*"),
    ],
)
def test_what_is_no_host(kind: Any, value: object) -> None:
    with pytest.raises(ValidationError, match="must be a host"):
        TypeAdapter(kind).validate_python(value)


def test_single_hosts() -> None:
    assert [text for text in ("A.b", "::1", "10.0.0.1", "*.b", "", "a b") if hosts.is_host(text)] == [
        "A.b",
        "::1",
        "10.0.0.1",
    ]

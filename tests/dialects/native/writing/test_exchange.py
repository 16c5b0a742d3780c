from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter

from tulle.dialects.native.balancing import HashSpec
from tulle.dialects.native.exchange import AllowedOrigins, Checked, Sticky
from tulle.dialects.native.writing import exchange
from tulle.model.documents import BUILT_IN
from tulle.model.routes import Cors, ValueKind, ValueMatch


@pytest.mark.parametrize(
    "written",
    [
        "https://a.example.org",
        ["*", {"prefix": "https://a"}],
        {"origins": "*", "methods": "GET", "headers": ["a", "b"], "expose": "c", "max_age": "1h", "credentials": False},
        {"origins": {"regex": "a.*"}},
        {"origins": "*", "forward_unmatched": False},
    ],
)
def test_origins_are_written_as_they_are_read(written: Any) -> None:
    assert exchange.cors(TypeAdapter(AllowedOrigins).validate_python(written).model()) == written


def test_an_asterisk_that_is_no_pattern_stays_none() -> None:
    cors = Cors(origins=(ValueMatch("", ValueKind.EXACT, "https://*.a"),))
    written = exchange.cors(cors)
    assert written == {"origins": {"exact": "https://*.a"}}
    assert TypeAdapter(AllowedOrigins).validate_python(written).model() == cors
    assert exchange.cors(Cors()) == {"origins": []}


@pytest.mark.parametrize(
    "written",
    [
        "auth",
        {
            "to": "auth:9000",
            "grpc": True,
            "path": "/check",
            "headers": "a",
            "add_headers": {"b": "c"},
            "response_headers": "d",
            "refusal_headers": "e",
            "consent_headers": "f",
            "timeout": "1s",
            "fail_open": True,
            "refusal_status": 503,
            "body": 100,
            "partial_body": True,
            "raw_body": True,
            "reroute": True,
        },
    ],
)
def test_checks_are_written_as_they_are_read(written: Any) -> None:
    check = TypeAdapter(Checked).validate_python(written).model("default", BUILT_IN)
    assert exchange.check(check, "default") == written


@pytest.mark.parametrize("written", ["c", {"header": "x-s"}, {"cookie": "c", "lifetime": "1h", "path": "/a"}])
def test_sessions_are_written_as_they_are_read(written: Any) -> None:
    assert exchange.session(TypeAdapter(Sticky).validate_python(written).model()) == written


def test_hashes_are_written_as_they_are_read() -> None:
    written = {"cookie": "c", "cookie_ttl": "0s", "cookie_path": "/a", "cookie_attributes": {"SameSite": "Strict"}}
    assert exchange.hash_on(HashSpec.model_validate(written).model()) == written
    assert exchange.hash_on(HashSpec.model_validate({"source_ip": True}).model()) == {"source_ip": True}


def test_nothing_is_written_of_nothing() -> None:
    assert exchange.cors(None) is exchange.check(None, "") is exchange.session(None) is None

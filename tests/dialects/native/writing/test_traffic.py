from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel, TypeAdapter

from tulle.dialects.native.traffic import (
    Answer,
    FaultSpec,
    HeadersSpec,
    Mirrored,
    Rate,
    RedirectSpec,
    Retries,
    RewriteSpec,
)
from tulle.dialects.native.writing import traffic
from tulle.model.documents import BUILT_IN
from tulle.model.names import Name
from tulle.model.routes import Backend, Mirror, Respond

CASES: list[tuple[Any, Any, Any]] = [
    (traffic.retries, Retries, 3),
    (traffic.retries, Retries, {"on": ["5xx", 503], "per_try_timeout": "1s", "backoff": "10ms"}),
    (traffic.retries, Retries, {"attempts": 0, "non_idempotent": True, "any_host": True}),
    (traffic.fault, FaultSpec, {"delay": "1s"}),
    (traffic.fault, FaultSpec, {"abort": 503, "percent": 0.1}),
    (traffic.fault, FaultSpec, {"delay": "1s", "abort_grpc": 14, "percent": 10, "abort_percent": 5}),
    (traffic.rate, Rate, "100/m"),
    (traffic.rate, Rate, {"requests": 5, "per": "2s"}),
    (traffic.rate, Rate, {"requests": 5, "per": "1s", "burst": 9}),
    (traffic.rewrite, RewriteSpec, {"regex": {"pattern": "a", "to": "b"}, "host": "a.example.org"}),
    (traffic.rewrite, RewriteSpec, {"prefix": "/a"}),
    (traffic.redirect, RedirectSpec, {"scheme": "https", "port_from": "scheme", "status": 301}),
    (traffic.redirect, RedirectSpec, {"host": "a", "port": 81, "path": "/"}),
    (traffic.respond, Answer, 404),
    (traffic.respond, Answer, {"status": 200, "body": "x", "headers": {"a": "b"}}),
    (traffic.headers, HeadersSpec, {"set": {"a": "b"}, "add": {"c": "d"}, "remove": ["e", "f"]}),
]


@pytest.mark.parametrize(("write", "spec", "written"), CASES)
def test_it_is_written_as_it_is_read(write: Any, spec: Any, written: Any) -> None:
    read: BaseModel = TypeAdapter(spec).validate_python(written)
    assert write(read.model()) == written  # type: ignore[attr-defined]


def test_nothing_is_written_of_nothing() -> None:
    writers: tuple[Any, ...] = (traffic.retries, traffic.fault, traffic.rate, traffic.rewrite, traffic.headers)
    assert [write(None) for write in writers] == [None] * 5


def test_copies_are_of_a_percentage() -> None:
    web = Backend(service=Name("default", "web"), origin=BUILT_IN)
    assert traffic.mirror(Mirror(backend=web), "default") == "web"
    assert traffic.mirror(Mirror(backend=web, percent=12.5), "shop") == {"to": "web.default", "percent": 12.5}
    assert TypeAdapter(Mirrored).validate_python({"to": "web", "percent": 12.5}).percent == 12.5


def test_bytes_become_text() -> None:
    assert traffic.respond(Respond(status=200, body=b"x\xff")) == {"status": 200, "body": "x\ufffd"}

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from typing import Any

import pytest

from tulle.cli import running
from tulle.cli.client import Api, Refused, Unreachable, connect
from tulle.cli.output import Failure
from tulle.cli.running import Record
from tulle.kit.home import Home
from tulle.kit.processes import myself


def test_requests_carry_the_token(server: Any) -> None:
    server.body = b'{"ready": true}'
    api = Api(server.address, "secret")
    assert api.get("/v1/status", limit="2") == {"ready": True}
    assert api.post("/v1/documents", {"a": 1}) == {"ready": True}
    assert api.delete("/v1/documents/x") == {"ready": True}
    assert server.asked == [
        ("GET", "/v1/status?limit=2", "Bearer secret", ""),
        ("POST", "/v1/documents", "Bearer secret", '{"a": 1}'),
        ("DELETE", "/v1/documents/x", "Bearer secret", ""),
    ]


def test_answers_need_not_be_json(server: Any) -> None:
    server.body = b"a: 1"
    assert Api(server.address, "").get("/") == "a: 1"
    server.body = b""
    assert Api(server.address, "").get("/") is None


@pytest.mark.parametrize(
    ("detail", "message"),
    [
        ("no such service\nthere is web", "no such service"),
        ({"message": "no such service"}, "no such service"),
        ([{"msg": "field required"}, "x"], "field required"),
        (None, "answered 404"),
    ],
)
def test_refusals_are_sentences(server: Any, detail: object, message: str) -> None:
    server.status, server.body = 404, json.dumps({"detail": detail}).encode()
    with pytest.raises(Refused, match=message) as raised:
        Api(server.address, "").get("/")
    assert raised.value.status == 404


def test_a_wrong_token_is_explained(server: Any) -> None:
    server.status = 401
    with pytest.raises(Refused, match="does not know the token"):
        Api(server.address, "").get("/")


def test_nobody_there_is_a_sentence() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        with pytest.raises(Unreachable, match="no control plane answers at"):
            Api(f"127.0.0.1:{probe.getsockname()[1]}", "").get("/")


def test_what_is_no_address_is_a_usage_error() -> None:
    with pytest.raises(Failure, match="is no address") as raised:
        Api("10.0.0.1", "")
    assert raised.value.code == 2


@pytest.fixture
def token(home: Home) -> Callable[[str], None]:
    home.create()
    return (home.plane / "token").write_text  # type: ignore[return-value]


def test_what_runs_here_is_asked_by_default(home: Home, token: Callable[[str], None]) -> None:
    token("secret\n")
    assert connect(home).address == running.DEFAULT_API
    running.write(home, Record(launcher=myself(), run="", is_detached=True, files=(), api="127.0.0.1:7", xds=""))
    assert connect(home).address == "127.0.0.1:7"
    assert connect(home, "10.0.0.1:80").address == "10.0.0.1:80"


def test_without_a_token_nothing_runs(home: Home) -> None:
    with pytest.raises(Failure, match="nothing is running"):
        connect(home)
    assert connect(home, "10.0.0.1:80", "given").address == "10.0.0.1:80"

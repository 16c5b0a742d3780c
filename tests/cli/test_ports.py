from __future__ import annotations

import os
import socket
from collections.abc import Iterator

import pytest

from tulle.cli import ports
from tulle.cli.output import Failure
from tulle.cli.ports import Wanted


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that this process listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_free_addresses_are_fine(taken: int) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        free = probe.getsockname()[1]
    ports.require([Wanted("127.0.0.1", free, "the API", ""), Wanted("::1", free, "the API", "")])


def test_the_owner_of_a_taken_port_is_named(taken: int) -> None:
    with pytest.raises(Failure) as raised:
        ports.require([Wanted("127.0.0.1", taken, "the API", "choose another one")])
    assert f"127.0.0.1:{taken}, for the API, is already in use by " in raised.value.message
    assert f"(process {os.getpid()})" in raised.value.message
    assert raised.value.details == ("choose another one",)


def test_every_taken_port_is_named(taken: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        udp = server.getsockname()[1]
        with pytest.raises(Failure) as raised:
            ports.require(
                [Wanted("127.0.0.1", taken, "one", "first"), Wanted("127.0.0.1", udp, "two", "second", is_udp=True)]
            )
    assert f"127.0.0.1:{taken}, for one" in raised.value.message
    assert raised.value.details[0] == "first"
    assert f"127.0.0.1:{udp}, for two" in raised.value.details[1]


def test_a_port_whose_owner_is_unknown_is_still_taken(taken: int, monkeypatch: pytest.MonkeyPatch) -> None:
    import psutil

    def denied(kind: str) -> list[object]:
        raise psutil.AccessDenied

    monkeypatch.setattr(psutil, "net_connections", denied)
    assert ports.owner(Wanted("127.0.0.1", taken, "", "")) == ""


@pytest.mark.parametrize(
    ("host", "reason"),
    [("203.0.113.7", "cannot be used: Cannot assign requested address"), ("no.such.host.invalid", "no such host name")],
)
def test_addresses_of_elsewhere_cannot_be_used(host: str, reason: str) -> None:
    with pytest.raises(Failure, match=reason):
        ports.require([Wanted(host, 7700, "the API", "")])


@pytest.mark.parametrize(
    ("text", "address"),
    [("127.0.0.1:7700", ("127.0.0.1", 7700)), ("[::1]:80", ("::1", 80)), (":80", ("127.0.0.1", 80))],
)
def test_addresses_are_read(text: str, address: tuple[str, int]) -> None:
    assert ports.parse(text, "--api-address") == address


@pytest.mark.parametrize("text", ["7700", "localhost", "localhost:", "localhost:http", "a:0", "a:65536", ""])
def test_what_is_no_address_is_a_usage_error(text: str) -> None:
    with pytest.raises(Failure, match="--api-address") as raised:
        ports.parse(text, "--api-address")
    assert raised.value.code == 2

from __future__ import annotations

import contextlib
import errno
import socket
from collections.abc import Iterator

import pytest

from tulle.kit import ports as ports_module
from tulle.kit.ports import NoPortFree, Ports


@pytest.fixture
def ports() -> Iterator[Ports]:
    with contextlib.closing(Ports()) as made:
        yield made


def listen(port: int) -> socket.socket:
    server = socket.socket()
    try:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind(("127.0.0.1", port))
        server.listen()
    except OSError:
        server.close()
        raise
    return server


def test_no_port_is_handed_out_twice(ports: Ports) -> None:
    chosen = [ports.choose() for _ in range(100)]
    for port in chosen[:50]:
        ports.release(port)
    chosen += [ports.choose() for _ in range(100)]
    assert len(set(chosen)) == 200


def test_chosen_port_is_guarded_until_it_is_released(ports: Ports) -> None:
    port = ports.choose()
    with pytest.raises(OSError) as refused:
        listen(port)
    assert refused.value.errno == errno.EADDRINUSE and not ports.is_free(port)
    ports.release(port)
    listen(port).close()


def test_port_that_somebody_listens_on_is_not_free(ports: Ports) -> None:
    port = ports.choose()
    ports.release(port)
    assert ports.is_free(port)
    with contextlib.closing(listen(port)):
        assert not ports.is_free(port)


def test_ports_in_use_and_ports_of_earlier_times_are_skipped(monkeypatch: pytest.MonkeyPatch) -> None:
    with contextlib.closing(listen(0)) as server:
        used = server.getsockname()[1]
        monkeypatch.setattr(ports_module, "_outside", lambda _: (used - 1, 2))
        with pytest.raises(NoPortFree, match="is free"):
            Ports(taken=[used - 1]).choose()


def test_adopted_port_is_not_handed_out(ports: Ports, monkeypatch: pytest.MonkeyPatch) -> None:
    port = ports.choose()
    ports.free(port)
    monkeypatch.setattr(ports_module, "_outside", lambda _: (port, 1))
    with contextlib.closing(Ports()) as successor:
        successor.take(port)
        with pytest.raises(NoPortFree):
            successor.choose()


def test_freed_port_can_be_chosen_again(ports: Ports, monkeypatch: pytest.MonkeyPatch) -> None:
    port = ports.choose()
    ports.free(port)
    monkeypatch.setattr(ports_module, "_outside", lambda _: (port, 1))
    with contextlib.closing(Ports()) as again:
        assert again.choose() == port


@pytest.mark.parametrize(
    ("ephemeral", "expected"),
    [
        ((32_768, 60_999), (10_240, 22_528)),
        ((10_000, 40_000), (40_001, 25_535)),
        ((1_024, 65_535), (10_240, 55_296)),
    ],
)
def test_range_avoids_that_of_outgoing_connections(ephemeral: tuple[int, int], expected: tuple[int, int]) -> None:
    assert ports_module._outside(ephemeral) == expected

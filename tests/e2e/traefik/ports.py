"""Ports for servers that start later: none of those that the system gives to clients meanwhile."""

from __future__ import annotations

import itertools
import os
import socket
import threading

_LOCK = threading.Lock()
_WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % 3
"""Workers of one run beside each other have ports of their own."""
_NUMBERS = itertools.cycle(range(11_000 + 7_000 * _WORKER, 18_000 + 7_000 * _WORKER))
for _ in range(os.getpid() * 211 % 7_000):  # Other runs beside it begin at different places.
    next(_NUMBERS)


def unused_port() -> int:
    """Free for TCP and UDP, and not handed out before."""
    with _LOCK:
        return next(port for port in _NUMBERS if _is_free(port))


def _is_free(port: int) -> bool:
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        with socket.socket(socket.AF_INET, kind) as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                return False
    return True

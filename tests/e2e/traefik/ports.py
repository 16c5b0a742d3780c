"""Ports for servers that start later: none of those that the system gives to clients meanwhile."""

from __future__ import annotations

import itertools
import os
import socket
import threading

_LOCK = threading.Lock()
_NUMBERS = itertools.cycle(range(11_000, 32_000))
for _ in range(os.getpid() * 211 % 21_000):  # Runs beside each other begin at different places.
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

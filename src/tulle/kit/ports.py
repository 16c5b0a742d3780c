"""Free ports of this machine, none handed out twice. They are remembered by the caller, not here."""

from __future__ import annotations

import contextlib
import random
import socket
from collections.abc import Iterable
from pathlib import Path

LOWEST, HIGHEST = 10_240, 65_535


class NoPortFree(Exception):
    """Every port in reach is taken."""


class Ports:
    """Ports that were handed out, and sockets that keep strangers away from them until they are used."""

    def __init__(self, taken: Iterable[int] = (), *, address: str = "127.0.0.1") -> None:
        self._address = address
        self._taken = set(taken)
        self._guards: dict[int, list[socket.socket]] = {}
        self._first, self._count = _outside(_ephemeral())

    def choose(self) -> int:
        """A port that is free for TCP and UDP; nobody else gets it before `release`.

        It lies outside of the range from which the kernel picks ports for outgoing connections, so that a port whose
        owner is just being restarted is not lost to a passing connection.

        Raises:
            NoPortFree: as it says.
        """
        start = random.randrange(self._count)
        for step in range(self._count):
            port = self._first + (start + step) % self._count
            if port not in self._taken and (guards := self._guard(port)):
                self._taken.add(port)
                self._guards[port] = guards
                return port
        raise NoPortFree(f"no port from {self._first} to {self._first + self._count - 1} is free")

    def take(self, port: int) -> None:
        """The port was handed out earlier, and is in use: it is not handed out to anybody else."""
        self._taken.add(port)

    def release(self, port: int) -> None:
        """Let the port be bound: its user is about to start. It is still not handed out to anybody else."""
        for guard in self._guards.pop(port, ()):
            guard.close()

    def free(self, port: int) -> None:
        """The port is no longer used; it may be handed out again."""
        self.release(port)
        self._taken.discard(port)

    def is_free(self, port: int) -> bool:
        """Whether a server could listen there by TCP now."""
        with contextlib.closing(socket.socket(socket.AF_INET, socket.SOCK_STREAM)) as probe:
            # As servers do: connections that are still closing (TIME_WAIT) do not count, listeners do.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((self._address, port))
            except OSError:
                return False
            return True

    def close(self) -> None:
        """Let go of everything."""
        for port in tuple(self._guards):
            self.release(port)

    def _guard(self, port: int) -> list[socket.socket]:
        """Sockets bound to the port; none if somebody has it."""
        guards: list[socket.socket] = []
        try:
            for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
                guards.append(socket.socket(socket.AF_INET, kind))
                guards[-1].bind((self._address, port))
        except OSError:
            for guard in guards:
                guard.close()
            return []
        return guards


def _ephemeral() -> tuple[int, int]:
    low, high = Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()
    return int(low), int(high)


def _outside(ephemeral: tuple[int, int]) -> tuple[int, int]:
    """First port and length of the longer range beside the ephemeral one; within it if nothing else is left."""
    low, high = ephemeral
    below, above = (LOWEST, low - LOWEST), (high + 1, HIGHEST - high)
    first, count = max(below, above, key=lambda found: found[1])
    return (first, count) if count >= 1_000 else (LOWEST, HIGHEST - LOWEST + 1)

"""Which log files a name stands for, and their lines: the last ones, and new ones as they come."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tulle.cli.picture import Status
from tulle.model.findings import did_you_mean

PARTS = {"plane": "plane", "agent": "agent", "up": "up"}
ENVOY = "envoy-"
LARGEST_TAIL = 4 * 1024 * 1024
"""Bytes that are searched for the last lines of a file."""


class UnknownName(Exception):
    """Nothing of that name has a log; the message says what has."""


def names(folder: Path) -> list[str]:
    """What has a log: parts, instances, proxies."""
    return sorted(file.stem for file in folder.glob("*.log"))


def of(name: str, folder: Path, status: Status | None, *, proxy: bool) -> list[Path]:
    """The log files of a part, a service, an instance, a proxy or the gateway.

    A service and an instance stand for their application, or for their sidecar with `proxy`.

    Raises:
        UnknownName: there are none.
    """
    if name in PARTS:
        found = [PARTS[name]]
    elif name == "gateway":
        found = [log for log in names(folder) if log.startswith(f"{ENVOY}gateway-")]
    else:
        ids = _instances(name, status) or _former(name, folder)
        prefix = ENVOY if proxy or any(id.startswith("gateway-") for id in ids) else ""
        found = [prefix + id.removeprefix(ENVOY) if prefix else id for id in ids]
    files = [folder / f"{log}.log" for log in found if (folder / f"{log}.log").is_file()]
    if not files:
        raise UnknownName(_unknown(name, folder, status))
    return files


def _instances(name: str, status: Status | None) -> list[str]:
    """Ids of the instances of a service or of one of its versions."""
    known = (status or {}).get("instances") or []
    qualified = name if "." in name else f"{name}.default"
    return [str(each["id"]) for each in known if qualified in {each["service"], each.get("workload")}]


def _former(name: str, folder: Path) -> list[str]:
    """What has a log of that name, or else of that name and something random, as instances have."""
    if any((folder / f"{log}.log").is_file() for log in (name, ENVOY + name)):
        return [name]
    return [log for log in names(folder) if log.startswith(f"{name.removesuffix('.default')}-")] or [name]


def _unknown(name: str, folder: Path, status: Status | None) -> str:
    services = {str(each["service"]).removesuffix(".default") for each in (status or {}).get("instances") or []}
    known = sorted({*services, *names(folder), "gateway"})
    return f'nothing called "{name}" has a log{did_you_mean(name, known)}'


@dataclass(slots=True)
class Tail:
    """One file, read as it grows. A file that was replaced or cut is read from its start."""

    path: Path
    label: str = ""
    _file: tuple[int, int] = (0, 0)
    """Device and inode of what was read."""
    _read: int = 0
    """Bytes that were read; lines that are not complete yet are read again."""

    def last(self, lines: int) -> list[str]:
        """The last lines; reading goes on after them."""
        return list(deque(self._lines(), lines))

    def new(self) -> list[str]:
        """Complete lines that were written since."""
        return self._lines()

    def _lines(self) -> list[str]:
        try:
            with self.path.open("rb") as file:
                stat = os.fstat(file.fileno())
                if (stat.st_dev, stat.st_ino) != self._file or stat.st_size < self._read:
                    self._file, self._read = (stat.st_dev, stat.st_ino), max(0, stat.st_size - LARGEST_TAIL)
                file.seek(self._read)
                complete, end, _ = file.read().rpartition(b"\n")
        except OSError:
            self._file = (0, 0)
            return []
        self._read += len(complete) + len(end)
        return [_text(line) for line in complete.split(b"\n")] if end else []


def _text(line: bytes) -> str:
    return line.decode(errors="replace").rstrip("\r")


def follow(
    find: Callable[[], Sequence[Path]], tails: dict[Path, Tail], pause: float = 0.2
) -> Iterator[tuple[str, str]]:
    """New lines with their labels, for ever; files that appear later are followed from their start."""
    looked = time.monotonic()
    while True:
        if time.monotonic() - looked > 1.0:
            looked = time.monotonic()
            for path in find():
                tails.setdefault(path, Tail(path, path.stem))
        quiet = True
        for tail in tails.values():
            for line in tail.new():
                quiet = False
                yield tail.label, line
        if quiet:
            time.sleep(pause)

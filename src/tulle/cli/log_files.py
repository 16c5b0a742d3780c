"""Which log files a name stands for, and their lines: the last ones, and new ones as they come."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

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
        ids = _instances(name, status) or [name]
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


def _unknown(name: str, folder: Path, status: Status | None) -> str:
    services = {str(each["service"]).removesuffix(".default") for each in (status or {}).get("instances") or []}
    known = sorted({*services, *names(folder), "gateway"})
    return f'nothing called "{name}" has a log{did_you_mean(name, known)}'


@dataclass(slots=True)
class Tail:
    """One file, read as it grows. A file that was replaced or cut is read from its start."""

    path: Path
    label: str = ""
    _file: BinaryIO | None = None
    _rest: bytes = b""
    _place: tuple[int, int] = field(default=(0, 0))

    def last(self, lines: int) -> list[str]:
        """The last lines; reading goes on after them."""
        file = self._open()
        if file is None:
            return []
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - LARGEST_TAIL))
        return [_text(line) for line in deque(self._lines(file), lines)]

    def new(self) -> list[str]:
        """Complete lines that were written since."""
        file = self._open()
        return [_text(line) for line in self._lines(file)] if file else []

    def _lines(self, file: BinaryIO) -> Iterator[bytes]:
        for line in file:
            line, self._rest = self._rest + line, b""
            if line.endswith(b"\n"):
                yield line
            else:
                self._rest = line

    def _open(self) -> BinaryIO | None:
        try:
            stat = self.path.stat()
        except OSError:
            return self._file
        place = (stat.st_dev, stat.st_ino)
        if self._file is not None and (place != self._place or stat.st_size < self._file.tell()):
            self._file.close()
            self._file, self._rest = None, b""
        if self._file is None:
            self._file, self._place = self.path.open("rb"), place
        return self._file


def _text(line: bytes) -> str:
    return line.decode(errors="replace").rstrip("\r\n")


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

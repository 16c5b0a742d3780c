"""What runs in this home: the record that `up` leaves for the other commands. Starts and stops nothing."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from tulle.cli.output import Failure
from tulle.kit.files import write_atomically
from tulle.kit.home import Home
from tulle.kit.processes import Spawned, is_alive

DEFAULT_API, DEFAULT_XDS = "127.0.0.1:7700", "127.0.0.1:7710"
LOOPBACK = "127.0.0.1"
"""The address of a host that no other host reaches."""

MARK = "STARTED_BY_TULLE"
"""Variable in the environment of everything that one `up` started. Not `TULLE_…`: those are kept from services."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What was started in a home, and by whom."""

    launcher: Spawned
    run: str
    """Unique to this start; the value of the mark."""
    is_detached: bool
    files: tuple[str, ...]
    """Absolute paths."""
    api: str
    """`host:port`."""
    xds: str
    children: tuple[tuple[str, Spawned], ...] = ()
    """`plane` and `agent`."""

    def with_child(self, name: str, process: Spawned) -> Record:
        """The record after a child was started (again)."""
        return replace(self, children=(*(child for child in self.children if child[0] != name), (name, process)))

    @property
    def is_alive(self) -> bool:
        """Whether the launcher still runs."""
        return is_alive(self.launcher)


def path(home: Home) -> Path:
    """The file of the record."""
    return home.root / "up.json"


def write(home: Home, record: Record) -> None:
    """Leave the record for other commands."""
    write_atomically(path(home), json.dumps(asdict(record), indent=2), durable=False)


def read(home: Home) -> Record | None:
    """What was started last, running or not; None if nothing was, or it was stopped in order."""
    try:
        data: dict[str, Any] = json.loads(path(home).read_text())
        children = tuple((str(name), Spawned(**process)) for name, process in data.pop("children"))
        launcher, files = Spawned(**data.pop("launcher")), tuple(data.pop("files"))
        return Record(launcher=launcher, files=files, children=children, **data)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Failure(
            f"the folder {home.root} cannot be used: {error.strerror}", "set TULLE_HOME to a folder of yours"
        ) from error
    except (ValueError, TypeError, KeyError, AttributeError):
        return None  # half a file from a full disk, or another version: nothing in it can be trusted


@contextmanager
def occupied(home: Home) -> Iterator[None]:
    """Hold the home, so that no second `up` starts in it.

    Raises:
        Failure: somebody else holds it.
    """
    with open(home.root / "up.lock", "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise _busy(home) from error
        yield


def _busy(home: Home) -> Failure:
    record = read(home)
    if record is None or not record.is_alive:
        return Failure(f"another `tulle up` is just starting or stopping in {home.root}", "try again in a moment")
    return Failure(
        f"a mesh is already running in {home.root}",
        f"it serves {', '.join(record.files) or 'no files'}; edits of them need no restart",
        "`tulle status` shows it, `tulle down` stops it; a second mesh needs a folder of its own in TULLE_HOME",
    )

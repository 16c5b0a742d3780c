"""`up --detach`: the launcher in a session of its own, while we wait until everything is ready or cannot be."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections import deque
from pathlib import Path

from tulle.cli import picture
from tulle.cli.launcher import Launcher, Plan
from tulle.cli.output import FAILED, Failure
from tulle.cli.view import EAGER, View, follow, look
from tulle.kit.home import Home

log = logging.getLogger(__name__)

HOPELESS_RESTARTS = 3
"""Ends of an instance after which we stop waiting for it; its agent does not."""
STATUSES = {"plane": 3, "agent": 4}
"""Exit statuses of the launcher that say who could not be kept alive."""


def start(plan: Plan) -> int:
    """Fork the launcher off; returns its process number. What it has to say is in `up.log`."""
    plan.home.create()
    child = os.fork()
    if child:
        return child
    status = FAILED
    try:
        os.setsid()
        _redirect(plan.home.logs / "up.log")
        logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
        launcher = Launcher(plan)
        asyncio.run(launcher.run(lambda launcher: follow(plan.home, None, launcher.became_ready), log.info))
        status = STATUSES.get(launcher.hopeless, 0)
    except Failure as failure:
        log.error("%s", failure.message)
    except Exception:  # nobody else would ever see it
        log.exception("the launcher failed")
    finally:
        os._exit(status)


def _redirect(file: Path) -> None:
    source = os.open(os.devnull, os.O_RDONLY)
    sink = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for descriptor, target in ((source, 0), (sink, 1), (sink, 2)):
        os.dup2(descriptor, target)
    os.close(source)
    os.close(sink)


def wait(home: Home, launcher: int, timeout: float, view: View) -> picture.Status:
    """Wait until everything is ready, and show progress meanwhile.

    Raises:
        Failure: it ended, or it cannot become ready, or not in time.
    """
    deadline = time.monotonic() + timeout
    status: picture.Status | None = None
    while time.monotonic() < deadline:
        status = look(home) or status
        view.show(status)
        if status and status.get("ready"):
            return status
        pid, code = os.waitpid(launcher, os.WNOHANG)
        if pid:
            raise ended(
                home, {status: name for name, status in STATUSES.items()}.get(os.waitstatus_to_exitcode(code), "up")
            )
        if status and (stuck := hopeless(status)):
            raise _still_running(f"{', '.join(stuck)} cannot become ready", status)
        time.sleep(EAGER)
    if status is None:
        raise Failure(f"the control plane did not answer within {timeout:g} s", *tail(home, "plane"))
    raise _still_running(f"not everything was ready within {timeout:g} s", status)


def hopeless(status: picture.Status) -> list[str]:
    """Services with an instance that ended again and again."""
    instances = status.get("instances") or []
    bad = (i for i in instances if i["state"] == "backing_off" and int(i.get("restarts") or 0) >= HOPELESS_RESTARTS)
    return sorted({str(instance["service"]).removesuffix(".default") for instance in bad})


def ended(home: Home, name: str) -> Failure:
    """The error for a launcher that gave up: with the last words of whoever could not be kept alive."""
    return Failure("the mesh could not be started; everything that was started is stopped again", *tail(home, name))


def tail(home: Home, name: str, lines: int = 12) -> list[str]:
    """The last lines of a log, under its path."""
    file = home.logs / f"{name}.log"
    try:
        with file.open(errors="replace") as log_file:
            last = deque(log_file, lines)
    except OSError:
        return []
    return [f"{file}:", *(f"  {line.rstrip()}" for line in last)]


def _still_running(reason: str, status: picture.Status) -> Failure:
    return Failure(
        f"{reason}; what is good is running",
        *picture.picture(status, most=40),
        "",
        "Edits of the files are picked up at once; `tulle logs NAME` shows output, `tulle down` stops everything.",
    )

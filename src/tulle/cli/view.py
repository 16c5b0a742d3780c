"""What `up` shows while it runs: a live picture on a terminal, one line per event elsewhere."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable
from typing import Protocol

from tulle.cli import picture
from tulle.cli.client import Unreachable, connect
from tulle.cli.findings import rendered
from tulle.cli.output import Failure, note, paint, say
from tulle.kit.home import Home

EAGER, CALM = 0.1, 1.0
"""Seconds between looks, before everything was ready and afterwards."""


class View(Protocol):
    """Shows one state after the other."""

    def show(self, status: picture.Status | None) -> None:
        """The state as it is now; None while the control plane does not answer."""
        ...

    def progress(self, message: str) -> None:
        """Something that happens now."""
        ...

    def close(self) -> None:
        """Leave the terminal as it was."""
        ...


class LiveView:
    """The whole picture, drawn again after every change."""

    def __init__(self, hint: str = "") -> None:
        from rich.console import Console  # slow to import, and only a terminal needs it
        from rich.live import Live
        from rich.text import Text

        self._text: Callable[[str], Text] = Text.from_ansi
        self._console = Console(highlight=False, soft_wrap=False)
        self._live = Live(console=self._console, auto_refresh=False, vertical_overflow="crop")
        self._live.start()
        self._hint = hint
        self._drawn: list[str] = []
        self._began = time.monotonic()
        self._ready_after: float | None = None

    def show(self, status: picture.Status | None) -> None:
        """Draw the picture."""
        elapsed = time.monotonic() - self._began
        if status is None:
            self._draw([paint("○ starting", "bold yellow") + f"   {elapsed:.0f} s"])
            return
        if status.get("ready") and self._ready_after is None:
            self._ready_after = elapsed
        after = f"   after {self._ready_after:.1f} s" if self._ready_after is not None and status.get("ready") else ""
        # Half of the screen for the longest list: the address of the gateway must never scroll away.
        lines = picture.picture(status, most=max(6, self._console.height // 2 - 4))
        hint = ["", paint(self._hint, "bold")] if after and self._hint else []
        self._draw([picture.headline(status) + after, "", *lines, *hint])

    def progress(self, message: str) -> None:
        """Draw one line in place of the picture."""
        self._draw([paint("○ ", "bold yellow") + message])

    def close(self) -> None:
        """Leave the terminal as it was, below the last picture."""
        self._live.stop()

    def _draw(self, lines: list[str]) -> None:
        if lines == self._drawn:
            return
        self._drawn = lines
        self._live.update(self._text("\n".join(lines)), refresh=True)


class LineView:
    """A line for each thing that changes: for pipes, logs and service units."""

    def __init__(self, hint: str = "") -> None:
        self._hint = [hint] if hint else []
        self._said: set[str] = set()
        self._was_ready: bool | None = None

    def show(self, status: picture.Status | None) -> None:
        """Print what is new."""
        if status is None:
            return
        lines = set()
        for service in status.get("services") or []:
            name = str(service["name"]).removesuffix(".default")
            lines.add(
                f"{name}: {service.get('healthy', 0)} of {service.get('replicas') or service.get('endpoints', 0)} ready"
            )
        for finding in status.get("findings") or []:
            lines.update(rendered(finding))
        say(*sorted(lines - self._said))
        self._said = lines
        ready = bool(status.get("ready"))
        if ready != self._was_ready and (ready or self._was_ready):
            say(*(["ready", *picture.urls(status), *self._hint] if ready else ["no longer ready"]))
        self._was_ready = ready

    def progress(self, message: str) -> None:
        """Print one line."""
        note(message)

    def close(self) -> None:
        """Nothing to restore."""


def make(hint: str = "") -> View:
    """The view that suits standard output; `hint` is shown once everything is ready."""
    return LiveView(hint) if sys.stdout.isatty() else LineView(hint)


async def follow(home: Home, view: View | None, ready: Callable[[], None]) -> None:
    """Show the state of this home until cancelled; `ready` is called once everything was ready.

    Without a view it returns then.
    """
    was_ready = False
    while not was_ready or view is not None:
        status = await asyncio.to_thread(look, home)
        if view is not None:
            view.show(status)
        if status and status.get("ready") and not was_ready:
            was_ready = True
            ready()
        await asyncio.sleep(CALM if was_ready else EAGER)


def look(home: Home) -> picture.Status | None:
    """The state of this home, or None while the control plane does not answer."""
    try:
        status: picture.Status = connect(home).get("/v1/status")
        return status
    except (Unreachable, Failure):
        return None

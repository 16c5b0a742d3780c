"""What cases run on: the real Traefik, and ours with the same files. Each serves a static configuration."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from tests.e2e.traefik.ports import unused_port

TRAEFIK = Path(sys.executable).with_name("traefik")
TULLE = "tulle"
REAL = "traefik"


class Gateway(Protocol):
    """Something that serves a configuration of Traefik."""

    name: str

    @contextmanager
    def running(self, file: Path) -> Iterator[None]:
        """With the static configuration of a file; its folder is there for whatever else must be written."""
        ...

    def said(self, file: Path) -> str:
        """What it told about its configuration, for people."""
        ...


class RealTraefik:
    """The program that is the measure of everything here."""

    name = REAL

    @contextmanager
    def running(self, file: Path) -> Iterator[None]:
        environment = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
        command = [str(TRAEFIK), f"--configFile={file}"]
        with (file.parent / "traefik.log").open("wb") as log:
            process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, cwd=file.parent)
            try:
                yield
            finally:
                process.kill()  # A gentle end waits ten seconds for connections.
                process.wait()

    def said(self, file: Path) -> str:
        log = file.parent / "traefik.log"
        return log.read_text() if log.exists() else ""


class Tulle:
    """Ours, by the commands that users type, in a home of its own."""

    name = TULLE

    @contextmanager
    def running(self, file: Path) -> Iterator[None]:
        home = file.parent / "home"
        environment = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
        environment |= {
            "TULLE_HOME": str(home),
            "TULLE_API_ADDRESS": f"127.0.0.1:{unused_port()}",
            "TULLE_XDS_ADDRESS": f"127.0.0.1:{unused_port()}",
            "NO_COLOR": "1",
        }
        try:
            up = self._tulle(environment, file, "up", str(file), "--detach")
            (file.parent / "tulle.log").write_text(up.stdout + up.stderr)
            yield
        finally:
            self._tulle(environment, file, "down")
            shutil.rmtree(home, ignore_errors=True)

    def _tulle(self, environment: dict[str, str], file: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "tulle", *arguments]
        return subprocess.run(
            command, env=environment, cwd=file.parent, capture_output=True, text=True, timeout=120, check=False
        )

    def said(self, file: Path) -> str:
        log = file.parent / "tulle.log"
        return log.read_text() if log.exists() else ""

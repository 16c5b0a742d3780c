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

from tests.e2e.machine import Machine
from tests.e2e.traefik.ports import unused_port
from tulle.kit.home import Home

TRAEFIK = Path(sys.executable).with_name("traefik")
TULLE = "tulle"
REAL = "traefik"
LOG = "said.log"


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
        with (file.parent / LOG).open("wb") as log:
            process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, cwd=file.parent)
            try:
                yield
            finally:
                process.kill()  # A gentle end waits ten seconds for connections.
                process.wait()

    def said(self, file: Path) -> str:
        log = file.parent / LOG
        return log.read_text() if log.exists() else ""


class Tulle:
    """Ours, by the commands that users type, in a home of its own."""

    name = TULLE

    @contextmanager
    def running(self, file: Path) -> Iterator[None]:
        machine = Machine(file.parent, gateway=unused_port(), api=unused_port(), xds=unused_port())
        try:
            up = machine.tulle("up", str(file), "--detach", check=False)
            (file.parent / LOG).write_text(up.stdout + up.stderr)
            yield
        finally:
            machine.tulle("down", check=False)
            for process in machine.processes():
                process.kill()
            # It may be outside of the home, for the sake of a short path.
            shutil.rmtree(Home(machine.home).sockets, ignore_errors=True)

    def said(self, file: Path) -> str:
        log = file.parent / LOG
        return log.read_text() if log.exists() else ""

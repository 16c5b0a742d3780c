"""Tulle itself, started and ended by the commands that users type, in a home of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from bench.servers import free_port
from tulle.cli.running import MARK

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True, slots=True)
class Mesh:
    """A running mesh."""

    home: Path
    environment: dict[str, str]

    def tulle(self, *arguments: str, within: float = 120.0) -> str:
        """Run one command; what it printed.

        Raises:
            RuntimeError: it failed.
        """
        command = [sys.executable, "-m", "tulle", *arguments]
        done = subprocess.run(
            command, env=self.environment, cwd=self.home, capture_output=True, text=True, timeout=within, check=False
        )
        if done.returncode:
            raise RuntimeError(f"tulle {arguments[0]} failed:\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}")
        return done.stdout

    def status(self) -> Any:
        """What `tulle status -o json` says."""
        return json.loads(self.tulle("status", "-o", "json"))

    def instance(self, service: str) -> Any:
        """The only instance of a service."""
        return next(one for one in self.status()["instances"] if one["service"].partition(".")[0] == service)

    def outbound(self, service: str) -> str:
        """Where the sidecar of a service takes the calls of its application: `http://127.0.0.1:port`."""
        return f"http://{self.instance(service)['outbound']}"

    def processes(self) -> list[psutil.Process]:
        """Everything that `up` started, itself included."""
        found: list[psutil.Process] = []
        marks: set[str | None] = set()
        # Launcher, control plane and agent know their home; services only carry the mark that these have.
        everybody = [(each, each.info["environ"] or {}) for each in psutil.process_iter(["environ"])]
        for _, environment in everybody:
            if environment.get("TULLE_HOME") == str(self.home):
                marks.add(environment.get(MARK))
        for each, environment in everybody:
            if environment.get("TULLE_HOME") == str(self.home) or environment.get(MARK) in marks - {None}:
                found.append(each)
        return found

    def proxy(self, name: str) -> psutil.Process:
        """The Envoy whose id is or begins with `name`."""
        for process in psutil.process_iter(["name", "cmdline"]):
            words = process.info["cmdline"] or []
            is_ours = process.info["name"] == "envoy" and any(str(self.home) in word for word in words)
            if is_ours and any(part.startswith(name) for word in words for part in word.split("/")):
                return process
        raise LookupError(f"no Envoy of {name} runs")


def prepared(directory: Path) -> Mesh:
    """A home in `directory` that nothing runs in yet."""
    clean = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
    home = directory / "home"
    home.mkdir(exist_ok=True, mode=0o700)
    environment = {
        **clean,
        "TULLE_HOME": str(home),
        "TULLE_API_ADDRESS": f"127.0.0.1:{free_port()}",
        "TULLE_XDS_ADDRESS": f"127.0.0.1:{free_port()}",
        "PYTHONPATH": os.pathsep.join((str(ROOT / "src"), str(ROOT))),
        "NO_COLOR": "1",
    }
    return Mesh(home, environment)


@contextmanager
def up(directory: Path, text: str, *others: Path) -> Iterator[Mesh]:
    """Run a file, and others beside it; from the moment that everything is ready until the end of the block."""
    mesh = prepared(directory)
    file = directory / "tulle.yaml"
    file.write_text(text)
    try:
        mesh.tulle("up", "--detach", str(file), *map(str, others))
        yield mesh
    finally:
        mesh.tulle("down")

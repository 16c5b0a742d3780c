"""How long from typing `tulle up` to the first page of the bookshop, with six services and nine Envoys to start."""

from __future__ import annotations

import http.client
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench import mesh
from bench.load import cpu_seconds
from bench.servers import free_port
from bench.table import Budget, Result, Row, median

ROUNDS = 3
LONGEST = 60.0


def measure() -> Result:
    """In a fresh home, and again in one that was used before."""
    fresh, again, cpu = [], [], []
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory(prefix="tulle-bench-") as folder:
            directory = Path(folder)
            port = free_port()
            shop = _shop(directory, port)
            running = mesh.prepared(directory)
            elapsed, spent = _first_answer(running, shop, port)
            fresh.append(elapsed)
            cpu.append(spent)
            again.append(_first_answer(running, shop, port)[0])
    cases = {"fresh home": fresh, "used home": again, "CPU time of everything until then, fresh home": cpu}
    rows = [
        Row(case, {"median": median(found), "best": min(found), "worst": max(found)}) for case, found in cases.items()
    ]
    budgets = [Budget("`tulle up` of the demo to the first answered request", median(fresh), 3.0, "s")]
    note = f"From the start of the command to the first page with status 200 through the gateway; {ROUNDS} times each."
    return Result("startup", "From `tulle up` to the first answered request, seconds", rows, budgets, (note,))


def _shop(directory: Path, port: int) -> Path:
    """A copy of the bookshop whose gateway listens on another port."""
    shop = directory / "bookshop"
    shutil.copytree(mesh.ROOT / "examples" / "bookshop", shop)
    file = shop / "tulle.yaml"
    text = file.read_text()
    assert "http: 8080" in text
    file.write_text(text.replace("http: 8080", f"http: {port}"))
    return file


def _first_answer(running: mesh.Mesh, file: Path, port: int) -> tuple[float, float]:
    """Seconds until the page is there, and seconds of CPU that it took."""
    command = [sys.executable, "-m", "tulle", "up", str(file)]
    began = time.perf_counter()
    up = subprocess.Popen(
        command,
        env=running.environment,
        cwd=running.home,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        while not _answers(port):
            if up.poll() is not None:
                raise RuntimeError(f"tulle up ended with {up.returncode}")
            if time.perf_counter() - began > LONGEST:
                raise TimeoutError("the bookshop did not open")
            time.sleep(0.01)
        elapsed = time.perf_counter() - began
        return elapsed, cpu_seconds(running.processes())
    finally:
        up.terminate()
        up.wait(60)


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", "/")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()

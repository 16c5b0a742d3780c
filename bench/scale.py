"""The control plane at 10,000 services with 5 endpoints each: a full build, one changed route, and what it holds."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import cast

import psutil

from bench.load import resident_megabytes
from bench.mesh import ROOT
from bench.table import Budget, Result, Row, median
from tulle.dialects.native.dialect import DIALECT
from tulle.flow.build import Builder
from tulle.flow.hosts import Hosts
from tulle.flow.publish import Publisher
from tulle.kit.collecting import collect_seldom
from tulle.sources.file import Files
from tulle.xds.snapshot import Snapshot
from tulle.xds.subscription import Session

SERVICES, ENDPOINTS, FILES, CHANGES = 10_000, 5, 100, 20


def measure() -> Result:
    """In a process of its own, so that its memory is that of the control plane."""
    command = [sys.executable, "-m", "bench.scale"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr)
    found: dict[str, float] = json.loads(done.stdout)
    build = {name: found[name] for name in ("read files", "build", "publish")}
    change = {name: found[f"change: {name}"] for name in ("read files", "build", "publish")}
    rows = [
        Row("everything, s", {"in all": sum(build.values()), **build}),
        Row("one changed route, ms", {"in all": found["change"], **change}),
        Row("memory, MB", {"in all": found["memory"]}),
    ]
    budgets = [
        Budget("full build at 10,000 services", sum(build.values()), 2.0, "s"),
        Budget("one changed route to first byte", found["change"], 20.0, "ms"),
        Budget("memory of the control plane", found["memory"], 400.0, "MB"),
    ]
    return Result("scale", f"Control plane, {SERVICES:,} services × {ENDPOINTS} endpoints", rows, budgets, (NOTE,))


NOTE = (
    f"{FILES} files with {SERVICES // FILES} services and as many routes each; one gateway is connected, which gets "
    "all of them. Build is from parsed YAML to the checked mesh, publish from there to encoded resources handed to the "
    f"stream. One changed route is the median of {CHANGES}, its file read again. Times are CPU times of the one thread "
    "that works: the wall times of an idle machine."
)


class Gateway:
    """A stream that is always ready to take what it is given."""

    node_id = "gateway-bench"
    identity = "spiffe://cluster.local/ns/tulle-system/sa/gateway"

    def __init__(self) -> None:
        self.metadata = {"role": "gateway", "host": "bench", "admin": ""}
        self.published = 0
        """Resources that changed, over all times."""

    def publish(self, snapshot: Snapshot, changed: Mapping[str, Collection[str]] | None = None) -> None:
        """Count what is new."""
        tables = changed if changed is not None else snapshot.tables
        self.published += sum(len(names) for names in tables.values())


def main() -> None:
    """Do it, and print what was found as JSON."""
    collect_seldom()  # As the control plane does.
    _ = DIALECT.kinds  # Imported when the control plane starts, not when it builds.
    with tempfile.TemporaryDirectory(prefix="tulle-bench-") as folder:
        directory = Path(folder)
        for number in range(FILES):
            _path(directory, number).write_text(_text(number))
        print(json.dumps(_run(directory)))


def _run(directory: Path) -> dict[str, float]:
    files, builder = Files([str(directory)]), Builder()
    hosts = Hosts(directory / "hosts.json", lambda: None)
    hosts.connected("bench", "gateway")
    publisher = Publisher(hosts)
    gateway = Gateway()
    publisher.opened(cast(Session, gateway))
    steps = _publish(files, builder, publisher)
    expected = 3 * SERVICES  # a cluster, a load assignment and a virtual host for each
    if gateway.published < expected:
        raise RuntimeError(f"only {gateway.published} resources were published, not {expected}")
    memory = resident_megabytes(psutil.Process())
    changes = []
    for number in range(CHANGES):
        before = gateway.published
        _path(directory, number).write_text(_text(number, timeout=number + 7))
        changes.append(_publish(files, builder, publisher))
        if gateway.published == before:
            raise RuntimeError("a changed route was not published")
    middle = {f"change: {name}": median([change[name] * 1000 for change in changes]) for name in steps}
    total = median([sum(change.values()) * 1000 for change in changes])
    return {**steps, **middle, "change": total, "memory": memory}


def _publish(files: Files, builder: Builder, publisher: Publisher) -> dict[str, float]:
    """CPU seconds of each step from files to published resources."""
    began = time.process_time()
    batch = files.scan()
    read = time.process_time()
    mesh = builder.build(batch.documents, batch.findings)
    built = time.process_time()
    publisher.update(mesh)
    return {"read files": read - began, "build": built - read, "publish": time.process_time() - built}


def _path(directory: Path, number: int) -> Path:
    return directory / f"part-{number}.yaml"


def _text(number: int, timeout: int = 5) -> str:
    """One file; only the first of its routes has the timeout."""
    size = SERVICES // FILES
    names = [f"s{number * size + index}" for index in range(size)]
    addresses = [f"10.{number}.{index}.{{}}:8080" for index in range(size)]
    services = "".join(
        f"  {name}:\n    port: 80\n    addresses:\n"
        + "".join(f"      - {address.format(last + 1)}\n" for last in range(ENDPOINTS))
        for name, address in zip(names, addresses, strict=True)
    )
    routes = "".join(
        f"  - host: {name}.example.org\n    to: {name}\n    timeout: {timeout if name == names[0] else 5}s\n"
        for name in names
    )
    return f"services:\n{services}routes:\n{routes}"


if __name__ == "__main__":
    main()

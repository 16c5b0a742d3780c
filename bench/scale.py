"""The control plane at up to 10,000 services with 5 endpoints and routes each, in every language.

A full build, one changed document, what it holds, and whether all of that grows as the number of services does.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import psutil

from bench.folders import CALLER, LANGUAGES, ROUTE, UNEDITED, Edit, Language
from bench.load import resident_megabytes
from bench.mesh import ROOT
from bench.table import Budget, Result, Row, median
from tulle.dialects import registry
from tulle.flow.build import Builder
from tulle.flow.hosts import Hosts
from tulle.flow.publish import Publisher
from tulle.kit.codec import to_plain
from tulle.kit.collecting import collect_seldom
from tulle.model.names import Name
from tulle.model.workloads import Instance, InstanceState
from tulle.sources.file import Files
from tulle.xds.snapshot import VIRTUAL_HOST, Snapshot
from tulle.xds.subscription import Session

SIZES = tuple(int(size) for size in os.environ.get("BENCH_SCALE", "1000,3000,10000").split(","))
FILES, CHANGES = 100, 20
STEPS = ("read files", "build", "publish")
Found = Mapping[str, float]


def measure() -> Result:
    """Each case in a process of its own, so that its memory is that of the control plane."""
    found = {language: {size: _case(language, size) for size in SIZES} for language in LANGUAGES}
    rows = [
        row
        for language, by_size in found.items()
        for size in SIZES
        for row in _rows(f"{size:,} {LANGUAGES[language].title}", by_size[size], LANGUAGES[language].edits)
    ]
    budgets: list[Budget] = []
    for language, by_size in found.items():
        title = LANGUAGES[language].title
        if len(SIZES) > 1:
            rows.append(_growth(title, by_size))
        budgets += _budgets(f"{SIZES[-1]:,} {title}", by_size[SIZES[-1]], LANGUAGES[language])
    return Result("scale", "Control plane, services × 5 endpoints with a route each", rows, budgets, (NOTE,))


NOTE = (
    f"{FILES} files. Native: service and route. VirtualServices: Service, EndpointSlice, DestinationRule and "
    "VirtualService (2 hosts, 2 rules) at a gateway and in the mesh. HTTPRoutes: Service, EndpointSlice and HTTPRoute "
    "(2 rules) at a gateway and at the service. One gateway is connected, which gets all of them, and one sidecar "
    f"whose workload called {CHANGES} of the services. Build is from parsed YAML to the checked mesh, publish from "
    "there to encoded resources handed to the streams. One change is one route (what one Service speaks, where one "
    f"EndpointSlice says that it is, the policy of one DestinationRule) in one document, the median of {CHANGES}, its "
    "file read again. Times are CPU times of the one thread that works: the wall times of an idle "
    f"machine. Growth is the figure per service at {SIZES[-1]:,} divided by that at {SIZES[0]:,} (for a change: the "
    "figure itself): 1 is linear (for a change: the same at every size)."
)


def _case(language: str, size: int) -> Found:
    command = [sys.executable, "-m", "bench.scale", language, str(size)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def _rows(case: str, found: Found, edits: Sequence[str]) -> Sequence[Row]:
    full = {name: found[name] for name in STEPS}
    memory = {"in all": found["memory"], "at most": found["peak"], "KB a service": found["kilobytes"]}
    changes = {edit: {name: found[f"{edit}: {name}"] for name in STEPS} for edit in edits}
    return (
        Row(f"{case}: everything, s", {"in all": sum(full.values()), **full}),
        *(Row(f"{case}: one {edit}, ms", {"in all": found[edit], **steps}) for edit, steps in changes.items()),
        Row(f"{case}: memory, MB", memory),
    )


def _growth(title: str, found: Mapping[int, Found]) -> Row:
    """How much more one service costs among many than among few."""
    few, many = found[SIZES[0]], found[SIZES[-1]]
    ratio = SIZES[-1] / SIZES[0]
    grown = {name: many[name] / few[name] / ratio for name in STEPS}
    more = {"one change": many[ROUTE] / few[ROUTE], "KB a service": many["kilobytes"] / few["kilobytes"]}
    return Row(f"{title}: growth", {"in all": _full(many) / _full(few) / ratio, **grown, **more})


def _budgets(case: str, found: Found, language: Language) -> Sequence[Budget]:
    built = sum(found[name] for name in STEPS[1:])
    return (
        Budget(f"full build at {case}, without reading YAML", built, language.seconds, "s"),
        *(Budget(f"one {edit} changed at {case}, to first byte", found[edit], 20.0, "ms") for edit in language.edits),
        Budget(f"memory at {case}", found["memory"], 400.0, "MB"),
    )


def _full(found: Found) -> float:
    return sum(found[name] for name in STEPS)


class Stream:
    """A stream of a proxy that is always ready to take what it is given."""

    def __init__(self, node_id: str, account: str, metadata: Mapping[str, Any]) -> None:
        self.node_id = node_id
        self.identity = f"spiffe://cluster.local/ns/{account}"
        self.metadata = metadata
        self.published = 0
        """Resources that changed, over all times."""

    def publish(self, snapshot: Snapshot, changed: Mapping[str, Collection[str]] | None = None) -> None:
        """Count what is new."""
        tables = changed if changed is not None else snapshot.tables
        self.published += sum(len(names) for names in tables.values())


def main(language: str, size: str) -> None:
    """Do it, and print what was found as JSON."""
    collect_seldom()  # As the control plane does.
    registry.kinds()  # Imported when the control plane starts, not when it builds.
    with tempfile.TemporaryDirectory(prefix="tulle-bench-") as folder:
        print(json.dumps(Run(LANGUAGES[language], int(size), Path(folder)).figures()))


class Run:
    """One language at one size."""

    def __init__(self, language: Language, size: int, directory: Path) -> None:
        self._language = language
        self._size = size
        self._directory = directory
        (directory / "caller.yaml").write_text(CALLER)
        (directory / "shared.yaml").write_text(language.shared)
        for number in range(FILES):
            self._write(number)
        self._files = Files([str(directory)])
        self._builder = Builder()
        hosts = Hosts(directory / "hosts.json", lambda: None)
        hosts.connected("bench", "host")
        self._publisher = Publisher(hosts)
        self.gateway = Stream("gateway-bench", "tulle-system/sa/gateway", {"role": "gateway", "host": "bench"})
        self.sidecar = Stream("caller-bench", "default/sa/caller", _sidecar())

    def figures(self) -> Found:
        """Build everything, then change one thing after the other."""
        bare = resident_megabytes(psutil.Process())
        self._publisher.opened(cast(Session, self.gateway))
        self._publisher.opened(cast(Session, self.sidecar))
        steps = self._publish()
        called = frozenset(f"outbound.default/s{self._numbers(number)[0]}" for number in range(CHANGES))
        self._publisher.wanted(cast(Session, self.sidecar), VIRTUAL_HOST, called)
        expected = (2 + self._language.hosts) * self._size  # a cluster, a load assignment and virtual hosts for each
        if self.gateway.published < expected or self.sidecar.published < 2 * CHANGES:
            raise RuntimeError(f"only {self.gateway.published} resources were published, not {expected}")
        memory = resident_megabytes(psutil.Process())
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
        sizes = {"memory": memory, "peak": peak, "kilobytes": (peak - bare) * 1000 / self._size}
        return {
            **steps,
            **sizes,
            **{key: it for edit in self._language.edits for key, it in self._edited(edit).items()},
        }

    def _edited(self, what: str) -> Found:
        """Milliseconds of a change."""
        changes = [self._changed(number, what) for number in range(CHANGES)]
        middle = {f"{what}: {name}": median([change[name] * 1000 for change in changes]) for name in STEPS}
        return {**middle, what: median([sum(change.values()) * 1000 for change in changes])}

    def _changed(self, number: int, what: str) -> dict[str, float]:
        self._write(number)
        self._publish()
        before = self.gateway.published, self.sidecar.published
        self._write(number, Edit(what, number + 1))
        steps = self._publish()
        gateway, sidecar = self.gateway.published - before[0], self.sidecar.published - before[1]
        if what == ROUTE and (gateway, sidecar) != (self._language.hosts, int(self._language.is_mesh_wide)):
            raise RuntimeError(f"a change published {gateway} resources to the gateway, {sidecar} to the sidecar")
        if not gateway:
            raise RuntimeError(f"a change of {what} published nothing")
        return steps

    def _publish(self) -> dict[str, float]:
        """CPU seconds of each step from files to published resources."""
        began = time.process_time()
        batch = self._files.scan()
        read = time.process_time()
        mesh = self._builder.build(batch.documents, batch.findings)
        built = time.process_time()
        self._publisher.update(mesh)
        if mesh.findings:
            raise RuntimeError(f"{len(mesh.findings)} findings, such as {mesh.findings[0]}")
        return {"read files": read - began, "build": built - read, "publish": time.process_time() - built}

    def _numbers(self, number: int) -> range:
        """The services of one file."""
        each = self._size // FILES
        return range(number * each, number * each + each)

    def _write(self, number: int, edit: Edit = UNEDITED) -> None:
        path = self._directory / f"part-{number}.yaml"
        path.write_text(self._language.file(self._numbers(number), edit))


def _sidecar() -> Mapping[str, Any]:
    """What the sidecar of the only workload says of itself."""
    caller = Name("default", "caller")
    instance = Instance(
        id="caller-bench",
        workload=caller,
        service=caller,
        host="bench",
        account="caller",
        state=InstanceState.READY,
        outbound="127.0.0.1:9000",
    )
    return {"role": "sidecar", "host": "bench", "instance": to_plain(instance)}


if __name__ == "__main__":
    main(*sys.argv[1:])

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from tulle.kit.ports import Ports
from tulle.model.workloads import Assignment
from tulle.runtime.logs import KEPT, log_of, prune
from tulle.runtime.placement import Host, place


def test_newest_logs_of_a_workload_and_all_of_the_living_are_kept(
    tmp_path: Path, assignment: Callable[..., Assignment]
) -> None:
    with closing(Ports()) as ports:
        gone = replace(place(assignment(), Host(name="here", sockets=tmp_path), ports, ()), id="web-00000f")
    for number in range(6):
        log = log_of(tmp_path, replace(gone, id=f"web-00000{number}"))
        log.touch()
        os.utime(log, (number, number))
    for other in ("web-v2-000000.log", "web.log", "agent.log"):
        (tmp_path / other).touch()
    prune(tmp_path, gone, {"web-000000"})
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "agent.log",
        "web-000000.log",
        *(f"web-00000{number}.log" for number in range(6 - KEPT, 6)),
        "web-v2-000000.log",
        "web.log",
    ]


def test_missing_directory_does_not_matter(tmp_path: Path, assignment: Callable[..., Assignment]) -> None:
    with closing(Ports()) as ports:
        gone = place(assignment(), Host(name="here", sockets=tmp_path), ports, ())
    prune(tmp_path / "gone", gone, ())

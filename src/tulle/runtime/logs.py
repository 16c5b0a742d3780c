"""The logs of instances: where they are, and for how long. Not what is written into them."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Collection
from pathlib import Path

from tulle.model.workloads import Instance

KEPT = 3
"""Logs of instances that are gone, kept for each workload."""


def log_of(directory: Path, instance: Instance) -> Path:
    """Where the output of an instance goes."""
    return directory / f"{instance.id}.log"


def prune(directory: Path, gone: Instance, living: Collection[str]) -> None:
    """Delete the oldest logs of the workload of `gone`; `living` are the ids whose logs stay whatever their age."""
    stem = gone.id.rpartition("-")[0]
    name = re.compile(re.escape(stem) + r"-[0-9a-f]{6}\.log(\.1)?")
    with contextlib.suppress(OSError):
        found = [path for path in directory.iterdir() if name.fullmatch(path.name)]
        dead = [path for path in found if path.name.partition(".log")[0] not in living]
        newest_first = sorted(dead, key=lambda path: path.stat().st_mtime, reverse=True)
        for path in newest_first[KEPT:]:
            path.unlink()

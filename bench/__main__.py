"""`python -m bench [NAME ...]`: run benchmarks, print one table, write bench/results/."""

from __future__ import annotations

import importlib
import logging
import sys
import time
from dataclasses import replace
from typing import Annotated

import psutil
import typer
from rich.console import Console

from bench.table import Result, show, write

NAMES = ("edge", "traefik", "sidecars", "xds_fanout", "scale", "lazy", "startup")
"""One module each, with a function `measure() -> Result`."""
MOST_BUSY = 15.0
"""Percent of all cores; above it, the results say so."""


def main(
    names: Annotated[list[str] | None, typer.Argument(metavar="[NAME]...", help=f"Of {', '.join(NAMES)}.")] = None,
    strict: Annotated[bool, typer.Option(help="Fail if a budget is missed.")] = False,
) -> None:
    """Run benchmarks beside their peers; all of them if none is named."""
    unknown = [name for name in names or () if name not in NAMES]
    if unknown:
        raise typer.BadParameter(f"there is no benchmark {', '.join(unknown)}; there are {', '.join(NAMES)}")
    console, results, broken = Console(width=None if sys.stdout.isatty() else 112), [], []
    began = time.monotonic()
    for name in names or NAMES:
        console.print(f"[dim]{name} …[/]")
        busy = psutil.cpu_percent(interval=1.0)
        try:
            result: Result = importlib.import_module(f"bench.{name}").measure()
        except Exception:
            # The other benchmarks have something to say even if one of them cannot run.
            logging.exception("the benchmark %s could not be run", name)
            broken.append(name)
            continue
        if busy > MOST_BUSY:
            note = f"Something else kept {busy:.0f} % of this machine busy: times are too long, ratios less certain."
            result = replace(result, notes=[*result.notes, note])
        show(result, console)
        results.append(result)
        write([result])
    missed = [budget for result in results for budget in result.budgets if not budget.is_met]
    console.print(f"{len(results)} benchmarks in {time.monotonic() - began:.0f} s, {len(missed)} budgets missed")
    sys.exit(1 if broken or (strict and missed) else 0)


if __name__ == "__main__":
    typer.run(main)

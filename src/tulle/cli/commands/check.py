"""Find the mistakes in files, without running anything."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from tulle.cli import static
from tulle.cli.findings import Excerpts, as_json, in_order, rendered, summary
from tulle.cli.output import FAILED, SCHEMA, Format, Output, count, paint, say, say_json
from tulle.cli.paths import chosen

PLACE = ("Run", 12)
command = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


@command.command(
    "check",
    context_settings={
        "help_option_names": ["-h", "--help"],
        "max_content_width": 100,
        "ignore_unknown_options": True,
    },
)
def check(
    files: Annotated[
        list[str] | None,
        typer.Argument(metavar="[FILE|DIR]...", help="Files and folders; tulle.yaml or this folder if none is given."),
    ] = None,
    output: Output = Format.TEXT,
) -> None:
    """Find the mistakes in files: every finding with its line. Nothing is started and nothing is asked.

    All files of a mesh belong into one check, because they refer to each other. Exit code 1 if anything is an error.

    \b
    Examples:
      tulle check tulle.yaml
      tulle check mesh/ -o json | jq '.findings[] | .origin.file'
      tulle check --entryPoints.web.address=:8080    # flags of Traefik, as `tulle traefik` takes them
    """
    if not any(word.startswith("-") for word in files or ()):
        _check(chosen([Path(each) for each in files or ()]), "", output)
        return
    with tempfile.TemporaryDirectory() as folder:
        _check((static.configuration(files or (), os.environ, Path(folder)),), str(Path.cwd()), output)


def _check(files: Sequence[Path], folder: str, output: Format) -> None:
    from tulle.flow.offline import checked  # these are here, so that --help and completion do not wait for them
    from tulle.sources import built_in

    mesh, found = checked(files, folder)
    findings = [as_json(finding) for finding in in_order(found)]
    has_errors = any(finding["severity"] == "error" for finding in findings)
    if output is Format.JSON:
        say_json({"version": SCHEMA, "ok": not has_errors, "findings": findings})
    else:
        excerpts = Excerpts()
        for finding in findings:
            say(*rendered(finding, excerpts))
        written = sum(each.origin.source != built_in.SOURCE for each in mesh.services.values())
        parts = (count(written, "service"), count(len(mesh.listeners), "listener"))
        good = f"{paint('ok', 'bold green')}: {', '.join(parts)}"
        say(summary(findings) if findings else good)
    if has_errors:
        raise typer.Exit(FAILED)

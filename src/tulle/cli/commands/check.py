"""Find the mistakes in files, without running anything."""

from __future__ import annotations

import typer

from tulle.cli.findings import Excerpts, as_json, in_order, rendered, summary
from tulle.cli.options import Files
from tulle.cli.output import FAILED, SCHEMA, Format, Output, count, paint, say, say_json
from tulle.cli.paths import chosen

PLACE = ("Run", 12)


def command(files: Files = None, output: Output = Format.TEXT) -> None:
    """Find the mistakes in files: every finding with its line. Nothing is started and nothing is asked.

    All files of a mesh belong into one check, because they refer to each other. Exit code 1 if anything is an error.

    \b
    Examples:
      tulle check tulle.yaml
      tulle check mesh/ -o json | jq '.findings[] | .origin.file'
    """
    from tulle.flow.offline import checked  # these are here, so that --help and completion do not wait for them
    from tulle.sources import built_in

    mesh, found = checked(chosen(files))
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

"""Write the objects of files into the store."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from tulle.cli import stored
from tulle.cli.client import Refused, connect
from tulle.cli.findings import Excerpts, rendered, summary
from tulle.cli.options import ApiAddress, Message, Token
from tulle.cli.output import FAILED, MISUSED, Failure, Format, Output, note, say, say_json
from tulle.cli.paths import SUFFIXES
from tulle.kit.home import Home

PLACE = ("Change", 30)


def command(
    files: Annotated[
        list[Path],
        typer.Option("-f", "--file", metavar="FILE", help="File or folder; `-` reads standard input. Repeatable."),
    ],
    message: Message = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what is wrong; store nothing.")] = False,
    expected: Annotated[
        int | None, typer.Option("--expected", help="Fail if the newest revision is another one.", show_default=False)
    ] = None,
    output: Output = Format.TEXT,
    api_address: ApiAddress = None,
    token: Token = None,
) -> None:
    """Write the objects of files into the store: all of them in one revision, or none if any has an error.

    The store is one more source beside the files of `tulle up`. Every revision is kept; `tulle rollback` goes back.

    \b
    Examples:
      tulle apply -f reviews.yaml -m "reviews v2 for a tenth"
      sed 's/weight: 10/weight: 50/' reviews.yaml | tulle apply -f -
    """
    sent = [_sent(file) for given in files for file in _found(given)]
    body = {"files": sent, "author": stored.author(), "message": message, "expected": expected, "dry_run": dry_run}
    try:
        answer = connect(Home.from_environment(), api_address, token).post("/v1/documents", body)
    except Refused as refused:
        if not refused.findings:
            raise
        _refuse(refused.findings, output)
    if output is Format.JSON:
        say_json(answer)
        return
    note(*(line for finding in answer["findings"] for line in rendered(finding, Excerpts())))
    say(*(stored.revision(answer["revision"]) if answer["revision"] else ["nothing is wrong, and nothing was stored"]))


def _found(given: Path) -> Iterator[Path]:
    """The file, or the YAML files of the folder."""
    if not given.is_dir():
        yield given
        return
    found = sorted(
        file for file in given.rglob("*") if file.suffix in SUFFIXES and file.is_file() and not _is_hidden(file, given)
    )
    if not found:
        raise Failure(f"there is no YAML file in {given}", code=MISUSED)
    yield from found


def _is_hidden(file: Path, folder: Path) -> bool:
    return any(part.startswith(".") for part in file.relative_to(folder).parts)


def _sent(file: Path) -> dict[str, str]:
    """A file as the API takes it."""
    if str(file) == "-":
        return {"text": sys.stdin.read(), "path": "(standard input)", "folder": str(Path().absolute())}
    try:
        return {"text": file.read_text(), "path": str(file), "folder": str(file.absolute().parent)}
    except OSError as error:
        raise Failure(f"{file} cannot be read: {error.strerror}", code=MISUSED) from error
    except UnicodeDecodeError as error:
        raise Failure(f"{file} cannot be read: it is not UTF-8 text", code=MISUSED) from error


def _refuse(findings: Sequence[dict[str, Any]], output: Format) -> None:
    """Say what is wrong, and exit."""
    if output is Format.JSON:
        say_json({"findings": list(findings)})
    excerpts = Excerpts()
    note(*(line for finding in findings for line in rendered(finding, excerpts)))
    note(f"nothing was stored: {summary(findings)}")
    raise typer.Exit(FAILED)

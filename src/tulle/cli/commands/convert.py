"""Turn documents of any language into one native file."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from tulle.cli.findings import Excerpts, as_json, in_order, rendered, summary
from tulle.cli.options import Files
from tulle.cli.output import FAILED, MISUSED, Failure, note
from tulle.cli.paths import chosen
from tulle.kit.files import write_atomically

PLACE = ("Run", 13)


class Language(StrEnum):
    """What documents can be turned into."""

    NATIVE = "native"


class Origin(StrEnum):
    """What documents can be written in."""

    NATIVE = "native"
    TRAEFIK = "traefik"
    ISTIO = "istio"
    GATEWAY_API = "gateway-api"
    INGRESS = "ingress"


From = Annotated[
    Origin | None, typer.Option("--from", help="Take documents of this language only; any language if not given.")
]
To = Annotated[Language, typer.Option("--to", help="The language of the result.")]
Result = Annotated[
    Path | None, typer.Option("-o", "--output", metavar="FILE", help="Where it is written; the terminal if not given.")
]


def command(files: Files = None, language: From = None, to: To = Language.NATIVE, output: Result = None) -> None:
    """Turn documents of Traefik, Istio, Gateway API, Ingress and Kubernetes into one native file that does the same.

    Comments in it say where each part came from. What the native language cannot say is a comment at its place, and a
    warning with its line on the standard error. Secrets and ConfigMaps stay documents of their own; files that a
    configuration of Traefik names are read, too. Nothing is started and nothing is asked. Exit code 1 if there is an
    error in the documents, or if something is lost.

    \b
    Examples:
      tulle convert istio/ --to native
      tulle convert --from traefik traefik.yml -o tulle.yaml
      tulle convert gateway.yaml routes.yaml --to native -o tulle.yaml
    """
    from tulle.flow.offline import converted  # here, so that --help and completion do not wait for it

    sources = chosen(files)
    if output is not None and any(output.resolve() == path.resolve() for path in sources):
        raise Failure(f"{output} is one of the files that are read", "name another one", code=MISUSED)
    folder = (output.parent if output is not None else Path()).resolve()
    made = converted(sources, str(folder), str(language or ""))
    findings = [as_json(finding) for finding in in_order(made.findings)]
    excerpts = Excerpts()
    for finding in findings:
        note(*rendered(finding, excerpts))
    if findings:
        note(summary(findings))
    if output is None:
        typer.echo(made.text, nl=False)
    else:
        try:
            write_atomically(output, made.text, mode=0o644)
        except OSError as error:
            raise Failure(f"{output} cannot be written: {error.strerror}") from error
    if made.lost or any(finding["severity"] == "error" for finding in findings):
        raise typer.Exit(FAILED)

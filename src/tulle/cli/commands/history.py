"""Show the revisions of the store, newest first."""

from __future__ import annotations

from typing import Annotated

import typer

from tulle.cli import stored
from tulle.cli.client import connect
from tulle.cli.options import ApiAddress, Token
from tulle.cli.output import Format, Output, note, say, say_json
from tulle.kit.home import Home

PLACE = ("Change", 33)


def command(
    lines: Annotated[int, typer.Option("--lines", "-n", envvar="TULLE_LINES", min=1, max=1000, help="How many.")] = 20,
    output: Output = Format.TEXT,
    api_address: ApiAddress = None,
    token: Token = None,
) -> None:
    """Show what was changed in the store, when, by whom and why; the newest first.

    \b
    Example:
      tulle history -n 5
    """
    found = connect(Home.from_environment(), api_address, token).get("/v1/history", limit=str(lines))
    if output is Format.JSON:
        say_json(found)
    elif found["revisions"]:
        say(*stored.history(found["revisions"]))
    else:
        note("nothing was ever stored; `tulle apply -f FILE` makes the first revision")

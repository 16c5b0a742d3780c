"""Make the store what it was at an earlier revision."""

from __future__ import annotations

from typing import Annotated

import typer

from tulle.cli import stored
from tulle.cli.client import connect
from tulle.cli.options import ApiAddress, Message, Token
from tulle.cli.output import Format, Output, say, say_json
from tulle.kit.home import Home

PLACE = ("Change", 34)


def command(
    revision: Annotated[int, typer.Argument(metavar="REVISION", min=0, help="As `tulle history` shows it; 0: empty.")],
    message: Message = "",
    output: Output = Format.TEXT,
    api_address: ApiAddress = None,
    token: Token = None,
) -> None:
    """Make everything in the store what it was at a revision. This is a new revision: it can be undone like any other.

    \b
    Example:
      tulle rollback 7 -m "v2 is too slow"
    """
    api = connect(Home.from_environment(), api_address, token)
    made = api.post("/v1/rollback", {"revision": revision, "author": stored.author(), "message": message})
    if output is Format.JSON:
        say_json(made)
    else:
        say(*stored.revision(made))

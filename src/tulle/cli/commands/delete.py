"""Remove an object from the store."""

from __future__ import annotations

from typing import Annotated

import typer

from tulle.cli import stored
from tulle.cli.client import connect, segment
from tulle.cli.options import ApiAddress, Kind, Message, Namespace, Token
from tulle.cli.output import Format, Output, say, say_json
from tulle.kit.home import Home

PLACE = ("Change", 32)


def command(
    kind: Kind,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Its name, as `tulle get` shows it.")],
    namespace: Namespace = "",
    message: Message = "",
    output: Output = Format.TEXT,
    api_address: ApiAddress = None,
    token: Token = None,
) -> None:
    """Remove one object from the store, in a new revision: `tulle rollback` brings it back.

    \b
    Example:
      tulle delete service reviews -m "moved to another team"
    """
    key = stored.name(name, namespace)
    api = connect(Home.from_environment(), api_address, token)
    path = f"/v1/documents/{segment(kind)}/{segment(key.name)}"
    made = api.delete(path, namespace=key.namespace, author=stored.author(), message=message)
    if output is Format.JSON:
        say_json(made)
    else:
        say(*stored.revision(made))

"""Show the output of services, proxies and Tulle itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated

import typer

from tulle.cli import log_files
from tulle.cli.log_files import Tail, UnknownName
from tulle.cli.output import Failure, paint, say
from tulle.cli.view import look
from tulle.kit.home import Home

PLACE = ("Look", 21)

COLOURS = ("cyan", "green", "yellow", "blue", "magenta")


def command(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="Service, instance, proxy, gateway, plane, agent, or up.")
    ],
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with new lines until Ctrl-C.")] = False,
    lines: Annotated[int, typer.Option("--lines", "-n", envvar="TULLE_LINES", min=0, help="Last lines of each.")] = 100,
    proxy: Annotated[bool, typer.Option("--proxy", help="The sidecar of it, not its own output.")] = False,
) -> None:
    """Show the output of a service (all its instances), of one instance, or of a part of Tulle itself.

    Logs stay after `tulle down`, in the folder `logs` of the home.

    \b
    Examples:
      tulle logs reviews -f
      tulle logs reviews --proxy     # what its sidecars say
      tulle logs gateway
      tulle logs plane -n 500        # the control plane; `agent` and `up` are the other parts
    """
    home = Home.from_environment()

    def find() -> list[Path]:
        return log_files.of(name, home.logs, look(home), proxy=proxy)

    try:
        tails = {path: Tail(path, path.stem) for path in find()}
    except UnknownName as error:
        raise Failure(str(error), f"these have one: {', '.join(log_files.names(home.logs)) or 'none yet'}") from error
    labels = [tail.label for tail in tails.values()]
    for tail in tails.values():
        say(*(_labelled(tail.label, line, labels) for line in tail.last(lines)))
    if follow:
        for label, line in log_files.follow(lambda: _quietly(find), tails):
            labels += [label] * (label not in labels)
            say(_labelled(label, line, labels))


def _quietly(find: Callable[[], Sequence[Path]]) -> Sequence[Path]:
    try:
        return find()
    except UnknownName:
        return ()


def _labelled(label: str, line: str, labels: list[str]) -> str:
    """The line behind the name of its file, if there are several."""
    if len(labels) == 1:
        return line
    return f"{paint(label, COLOURS[labels.index(label) % len(COLOURS)])} │ {line}"

"""Show services, proxies, addresses and what is wrong."""

from __future__ import annotations

import typer

from tulle.cli.client import Unreachable, connect, nothing_runs
from tulle.cli.options import ApiAddress, Token
from tulle.cli.output import FAILED, SCHEMA, Failure, Format, Output, complain, say, say_json
from tulle.cli.picture import headline, picture
from tulle.kit.home import Home

PLACE = ("Look", 20)


def command(output: Output = Format.TEXT, api_address: ApiAddress = None, token: Token = None) -> None:
    """Show services, proxies, addresses of the gateway, and everything that is wrong.

    Exit code 0 if all of it is ready, 1 if not or if nothing is running.

    \b
    Examples:
      tulle status
      tulle status -o json | jq .ready
    """
    home = Home.from_environment()
    try:
        status = connect(home, api_address, token).get("/v1/status")
    except Failure as failure:
        error = nothing_runs(home) if isinstance(failure, Unreachable) and not api_address else failure
        if output is Format.JSON:
            say_json(_nothing())
        complain(error)
        raise typer.Exit(FAILED) from failure
    if output is Format.JSON:
        say_json(status)
    else:
        say(headline(status), "", *picture(status))
    if not status["ready"]:
        raise typer.Exit(FAILED)


def _nothing() -> dict[str, object]:
    """The document for a home in which nothing runs: the same schema, nothing in it."""
    empty: dict[str, object] = {
        name: [] for name in ("services", "proxies", "instances", "gateway", "findings", "objects")
    }
    return {"version": SCHEMA, "ready": False, **empty}

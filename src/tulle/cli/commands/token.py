"""Make tokens with which agents of other hosts join."""

from __future__ import annotations

from typing import Annotated

import typer

from tulle.cli.client import nothing_runs
from tulle.cli.durations import seconds
from tulle.cli.output import note, say
from tulle.identity.tokens import Token, TokenRefused, Tokens
from tulle.kit.home import Home

PLACE = ("Parts", 42)

command = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


@command.callback()
def token() -> None:
    """Make tokens with which agents of other hosts join this mesh."""


@command.command("create")
def create(
    ttl: Annotated[
        str, typer.Option("--ttl", envvar="TULLE_TOKEN_TTL", help="How long it is valid: 90s, 30m, 1h, 7d.")
    ] = "1h",
    reusable: Annotated[bool, typer.Option("--reusable", help="For any number of hosts, not only for one.")] = False,
) -> None:
    """Print a new token; run this on the host of the control plane.

    Keep it as safe as a password: whoever has it can join as a host. It also tells the new host which control plane
    to trust.

    \b
    Examples:
      tulle token create
      tulle token create --ttl 10m --reusable > join-token
    """
    home = Home.from_environment()
    lifetime = seconds(ttl, "--ttl")
    try:
        pin = Token.parse((home.plane / "join-token").read_text()).pin
    except (OSError, TokenRefused) as error:
        raise nothing_runs(home) from error
    tokens = Tokens(home.plane / "tokens.json", pin)
    say(str(tokens.create(lifetime=lifetime, reusable=reusable)))
    note(f"valid for {ttl}, for {'any number of hosts' if reusable else 'one host'}")

"""Run what Traefik would, with the words that it takes."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from tulle.cli import running, static
from tulle.cli.commands.up import up
from tulle.cli.launcher import Plan
from tulle.cli.options import ApiAddress, XdsAddress
from tulle.kit.home import Home

PLACE = ("Run", 13)
command = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


@command.command(
    "traefik",
    context_settings={
        "help_option_names": ["-h", "--help"],
        "max_content_width": 100,
        "ignore_unknown_options": True,
        "allow_interspersed_args": True,
    },
)
def traefik(
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="[--NAME=VALUE]...", help="Static configuration in the words of Traefik."),
    ] = None,
    detach: Annotated[
        bool, typer.Option("--detach", envvar="TULLE_DETACH", help="Return as soon as everything is ready.")
    ] = False,
    timeout: Annotated[
        float, typer.Option("--timeout", envvar="TULLE_TIMEOUT", min=1, help="With --detach: seconds until then.")
    ] = 90.0,
    api_address: ApiAddress = running.DEFAULT_API,
    xds_address: XdsAddress = running.DEFAULT_XDS,
) -> None:
    """Run what Traefik would: takes its flags, its environment and its files, and runs Envoy.

    The static configuration is the first of these: the file of --configFile, or traefik.toml, .yaml or .yml in
    /etc/traefik, $XDG_CONFIG_HOME, $HOME/.config or here; flags; variables such as TRAEFIK_ENTRYPOINTS_WEB_ADDRESS.
    Paths in it begin at this folder. The files are watched: changes count at once, those of entry points too.

    \b
    Examples:
      tulle traefik --entryPoints.web.address=:8080 --providers.file.filename=dynamic.yml
      tulle traefik --configFile=traefik.yml
    """
    home = Home.from_environment()
    home.create()
    with running.occupied(home):  # A mesh that runs here may follow the file that is about to be written.
        file = static.configuration(words or (), os.environ, home.root)
    plan = Plan(
        home=home,
        files=(file,),
        folder=str(Path.cwd()),
        api=api_address or running.DEFAULT_API,
        xds=xds_address or running.DEFAULT_XDS,
        is_detached=detach,
    )
    up(plan, timeout)

"""Show what a proxy was given, and by which lines."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from tulle.cli.client import connect, segment
from tulle.cli.envoy_tables import tables
from tulle.cli.options import ApiAddress, Token
from tulle.cli.output import SCHEMA, Format, Output, note, say, say_json
from tulle.kit.home import Home

PLACE = ("Look", 22)


class Part(StrEnum):
    """A type of resources."""

    LISTENERS = "listeners"
    FILTERS = "filters"
    ROUTES = "routes"
    CLUSTERS = "clusters"
    ENDPOINTS = "endpoints"
    SECRETS = "secrets"


def command(
    proxy: Annotated[
        str, typer.Argument(metavar="PROXY", help="Id as `tulle status` shows it, or `gateway`, or a service.")
    ],
    part: Annotated[Part | None, typer.Argument(help="Only these; all if not given.", show_default=False)] = None,
    output: Output = Format.TEXT,
    api_address: ApiAddress = None,
    token: Token = None,
) -> None:
    """Show what a proxy was given and accepted, and from which line of which file each of it comes.

    With -o json as Envoy's own JSON. Of secrets only names and dates of certificates are shown.

    \b
    Examples:
      tulle proxy-config gateway routes
      tulle proxy-config reviews-v1-k3f9 clusters -o json | jq '.resources[].name'
    """
    api = connect(Home.from_environment(), api_address, token)
    found = api.get(f"/v1/proxies/{segment(proxy)}/config", type=part.value if part else "")
    if output is Format.JSON:
        say_json({"version": SCHEMA, "proxy": proxy, "resources": found})
    elif found:
        say(*tables(found))
    else:
        note(f"{proxy} has no {part.value if part else 'resources'}")

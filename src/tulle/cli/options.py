"""Options that several commands share, so that they are called, explained and found in the environment alike."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeAlias

import typer

ApiAddress: TypeAlias = Annotated[
    str | None,
    typer.Option("--api-address", envvar="TULLE_API_ADDRESS", metavar="HOST:PORT", help="Where the API listens."),
]
XdsAddress: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--xds-address", envvar="TULLE_XDS_ADDRESS", metavar="HOST:PORT", help="Where the control plane serves agents."
    ),
]
JoinAddress: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--join-address",
        envvar="TULLE_JOIN_ADDRESS",
        metavar="HOST:PORT",
        help="Where other hosts may join, with a token. Nowhere if not given.",
    ),
]
HostAddress: TypeAlias = Annotated[
    str,
    typer.Option(
        "--address",
        envvar="TULLE_ADDRESS",
        metavar="IP",
        help="Address of this host at which proxies of other hosts reach its services.",
    ),
]
Token: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--token", envvar="TULLE_TOKEN", help="Token of the API, if not the one of this home.", show_default=False
    ),
]
Files: TypeAlias = Annotated[
    list[Path] | None,
    typer.Argument(metavar="[FILE|DIR]...", help="Files and folders; tulle.yaml or this folder if none is given."),
]
Message: TypeAlias = Annotated[str, typer.Option("--message", "-m", help="Why; it is shown in the history.")]
Namespace: TypeAlias = Annotated[
    str, typer.Option("--namespace", "-n", help="Namespace of the object; `name.namespace` says the same.")
]
Kind: TypeAlias = Annotated[str, typer.Argument(metavar="KIND", help="service, virtualservice, httproute, …")]

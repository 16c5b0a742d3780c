"""Run the bookshop, an example of real services in a mesh."""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from tulle.cli import examples, running
from tulle.cli.commands.up import up
from tulle.cli.launcher import Plan
from tulle.cli.options import ApiAddress, XdsAddress
from tulle.cli.output import Failure, paint, say
from tulle.kit.home import Home

PLACE = ("Run", 9)

NEEDED = ("grpc",)
"""Modules that the services of the example import."""


HINT = "Open http://127.0.0.1:8080/ in a browser, or try: curl 'http://127.0.0.1:8080/api/search?q=moby'"


def command(
    detach: Annotated[
        bool, typer.Option("--detach", "-d", envvar="TULLE_DETACH", help="Return as soon as everything is ready.")
    ] = False,
    timeout: Annotated[
        float, typer.Option("--timeout", envvar="TULLE_TIMEOUT", min=1, help="With --detach: seconds until then.")
    ] = 90.0,
    api_address: ApiAddress = running.DEFAULT_API,
    xds_address: XdsAddress = running.DEFAULT_XDS,
) -> None:
    """Run the bookshop: services in Python behind a real Envoy, each with a sidecar, mutual TLS between them.

    It is `tulle up` on the example that comes with Tulle; read its tulle.yaml, edit it, and watch the mesh follow.

    \b
    Examples:
      tulle demo                       # then open http://127.0.0.1:8080
      curl 'http://127.0.0.1:8080/api/search?q=moby'
    """
    missing = [module for module in NEEDED if find_spec(module) is None]
    if missing:
        raise Failure(f"the bookshop needs {', '.join(missing)}", "pip install 'tulle[demo]' brings it")
    file = examples.folder("bookshop") / "tulle.yaml"
    # The services are run by `python`: by the one that has what they import.
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    say(f"{paint('The bookshop', 'bold')} is described in {file}", "")
    plan = Plan(
        home=Home.from_environment(),
        files=(file,),
        api=api_address or running.DEFAULT_API,
        xds=xds_address or running.DEFAULT_XDS,
        is_detached=detach,
    )
    up(plan, timeout, HINT)

"""Run the control plane alone."""

from __future__ import annotations

import asyncio
import logging
import os
from typing import Annotated

import typer

from tulle.cli import ports
from tulle.cli.options import ApiAddress, Files, JoinAddress, XdsAddress
from tulle.cli.output import Failure
from tulle.cli.parts import is_released, leaves, log_to_stderr
from tulle.cli.running import DEFAULT_API, DEFAULT_XDS, MARK
from tulle.cli.sweep import sweep_after_launcher
from tulle.kit.home import Home

log = logging.getLogger(__name__)

PLACE = ("Parts", 40)


def command(
    files: Files = None,
    api_address: ApiAddress = DEFAULT_API,
    xds_address: XdsAddress = DEFAULT_XDS,
    join_address: JoinAddress = None,
    folder: Annotated[str, typer.Option(hidden=True)] = "",
    lifeline: Annotated[int | None, typer.Option(hidden=True)] = None,
) -> None:
    """Run the control plane alone, in the foreground. Agents join it with a token; `tulle up` starts both.

    Without files it serves what was applied to its store. Its log goes to stderr; TULLE_LOG_LEVEL chooses how much.

    \b
    Example:
      tulle serve mesh/ --xds-address 10.0.0.1:7710 --join-address 10.0.0.1:7711
    """
    from tulle.identity.vault import AuthorityError  # here, so that --help and completion do not wait for it
    from tulle.plane import PlaneSettings, run
    from tulle.store.base import StoreError

    api, xds = api_address or DEFAULT_API, xds_address or DEFAULT_XDS
    ports.parse(api, "--api-address")
    ports.parse(xds, "--xds-address")
    if join_address:
        ports.parse(join_address, "--join-address")
    log_to_stderr()
    if not is_released(lifeline):
        return
    home = Home.from_environment()
    home.create()
    settings = PlaneSettings(
        home=home,
        files=tuple(path.absolute() for path in files or ()),
        folder=folder,
        api_address=api,
        xds_address=xds,
        join_address=join_address or "",
        lifeline=lifeline,
    )
    try:
        asyncio.run(run(settings))
    except* (OSError, AuthorityError, StoreError) as errors:
        raise Failure("; ".join(map(str, leaves(errors)))) from errors
    # Nobody else is left to do it if our launcher and the agent were killed together.
    if lifeline is not None and (ended := asyncio.run(sweep_after_launcher(home, os.environ.get(MARK, "")))):
        log.warning("the launcher is gone; %d processes that it left were ended", ended)

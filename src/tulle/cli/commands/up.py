"""Run the mesh of some files on this machine."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated

import typer

from tulle.cli import background, picture, ports, running, view
from tulle.cli.findings import Excerpts, as_json, in_order, rendered, summary
from tulle.cli.launcher import Launcher, Plan
from tulle.cli.options import ApiAddress, Files, XdsAddress
from tulle.cli.output import FAILED, Failure, note, say
from tulle.cli.paths import chosen
from tulle.flow.offline import checked
from tulle.kit.home import Home
from tulle.model.findings import Finding
from tulle.model.listeners import Listener, ListenerProtocol

PLACE = ("Run", 10)


def command(
    files: Files = None,
    detach: Annotated[
        bool, typer.Option("--detach", "-d", envvar="TULLE_DETACH", help="Return as soon as everything is ready.")
    ] = False,
    timeout: Annotated[
        float, typer.Option("--timeout", envvar="TULLE_TIMEOUT", min=1, help="With --detach: seconds until then.")
    ] = 90.0,
    api_address: ApiAddress = running.DEFAULT_API,
    xds_address: XdsAddress = running.DEFAULT_XDS,
) -> None:
    """Run the mesh of these files on this machine: control plane, agent, gateway, services and their sidecars.

    In the foreground with a live view; Ctrl-C stops everything. With --detach in the background: the exit code is 0
    once everything is ready, 1 with the findings if it cannot be. The files are watched: edit them, and the running
    mesh follows.

    \b
    Examples:
      tulle up                         # tulle.yaml, or all YAML files of this folder
      tulle up shop.yaml policies/     # files and folders, all in one mesh
      tulle up --detach && tulle status
    """
    home = Home.from_environment()
    up(
        home,
        chosen(files),
        api_address or running.DEFAULT_API,
        xds_address or running.DEFAULT_XDS,
        timeout if detach else None,
    )


def up(home: Home, files: Sequence[Path], api: str, xds: str, detached_for: float | None) -> None:
    """Check, then start; returns when it was stopped, or when it is ready in the background.

    Raises:
        Failure: it could not be started.
        typer.Exit: it was started, and something is wrong with it.
    """
    _require_quiet(home)
    mesh, findings = checked(files)
    ports.require(_addresses(api, xds, mesh.listeners.values()))
    _show(findings)
    paths = tuple(path.absolute() for path in files)
    plan = Plan(home=home, files=paths, api=api, xds=xds, is_detached=detached_for is not None)
    if detached_for is not None:
        _in_background(plan, detached_for, findings)
    else:
        _in_foreground(plan)


def _require_quiet(home: Home) -> None:
    try:
        home.create()
        with running.occupied(home):
            pass
    except OSError as error:
        raise Failure(
            f"the folder {home.root} cannot be used: {error}", "set TULLE_HOME to a folder of yours"
        ) from error


def _addresses(api: str, xds: str, listeners: Iterable[Listener]) -> Iterable[ports.Wanted]:
    for address, purpose, option in ((api, "the API", "--api-address"), (xds, "agents", "--xds-address")):
        host, port = ports.parse(address, option)
        yield ports.Wanted(host, port, purpose, f"stop that, or choose another address with {option}")
    for listener in listeners:
        is_udp = listener.protocol is ListenerProtocol.UDP
        purpose = f"the gateway's listener {listener.name.name}"
        remedy = f"stop that, or choose another port for it ({listener.origin})"
        yield ports.Wanted(listener.address, listener.port, purpose, remedy, is_udp)


def _show(findings: Sequence[Finding]) -> None:
    """Print what the check found, before anything starts."""
    if findings:
        excerpts = Excerpts()
        shown = [as_json(finding) for finding in in_order(findings)]
        note(
            *(line for finding in shown for line in rendered(finding, excerpts)),
            f"{summary(shown)}; the rest is started",
            "",
        )


def _in_foreground(plan: Plan) -> None:
    logging.basicConfig(
        filename=plan.home.logs / "up.log", level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s"
    )
    launcher, shown = Launcher(plan), view.make()
    try:
        asyncio.run(launcher.run(lambda launcher: view.follow(plan.home, shown, launcher.became_ready), shown.progress))
        shown.progress("stopped")
    finally:
        shown.close()
    if launcher.hopeless:
        raise background.ended(plan.home, launcher.hopeless)


def _in_background(plan: Plan, timeout: float, findings: Sequence[Finding]) -> None:
    shown = view.make()
    launcher = background.start(plan)
    try:
        status = background.wait(plan.home, launcher, timeout, shown)
    except KeyboardInterrupt:
        note(f"still starting, in the background as process {launcher}; `tulle down` stops it")
        raise
    finally:
        shown.close()
    if not os.isatty(1):
        say(picture.headline(status), *picture.urls(status))
    if any(finding.is_error for finding in findings):
        raise typer.Exit(FAILED)

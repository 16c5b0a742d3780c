"""Run the mesh of some files on this machine."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import cache
from typing import Annotated

import typer

from tulle.cli import background, ports, running, view
from tulle.cli.findings import Excerpts, as_json, in_order, rendered, summary
from tulle.cli.launcher import Launcher, Plan
from tulle.cli.options import ApiAddress, Files, HostAddress, JoinAddress, XdsAddress
from tulle.cli.output import Failure, note
from tulle.cli.paths import chosen, programs
from tulle.cli.sweep import sweep
from tulle.kit.files import write_atomically
from tulle.kit.home import Home
from tulle.model.findings import Finding
from tulle.model.listeners import Listener, ListenerProtocol

PLACE = ("Run", 10)
ROOM = 1 << 20
"""Bytes that a new mesh needs on the disk at least."""


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
    join_address: JoinAddress = None,
    address: HostAddress = running.LOOPBACK,
) -> None:
    """Run the mesh of these files on this machine: control plane, agent, gateway, services and their sidecars.

    In the foreground with a live view; Ctrl-C stops everything. With --detach in the background: the exit code is 0
    once it serves, 1 if it cannot be started. Mistakes in files are shown, and what is good is started without them
    (`tulle check` fails for them). The files are watched: edit them, and the running mesh follows.

    \b
    Examples:
      tulle up                         # tulle.yaml, or all YAML files of this folder
      tulle up shop.yaml policies/     # files and folders, all in one mesh
      tulle up --detach && tulle status
    """
    ports.require_ip(address, "--address")
    plan = Plan(
        home=Home.from_environment(),
        files=chosen(files),
        api=api_address or running.DEFAULT_API,
        xds=xds_address or running.DEFAULT_XDS,
        join=join_address or "",
        address=address,
        is_detached=detach,
    )
    up(plan, timeout)


def up(plan: Plan, timeout: float, hint: str = "") -> None:
    """Check, then start; returns when it was stopped, or when it is ready in the background.

    `hint` is shown once it is ready.

    Raises:
        Failure: it could not be started.
    """
    _require_quiet(plan.home)
    os.environ["PATH"] = programs(os.environ.get("PATH", os.defpath))
    absolute = replace(plan, files=tuple(path.absolute() for path in plan.files))
    if plan.is_detached:
        _show(_examined(plan))
        _in_background(absolute, timeout, hint)
    else:
        _in_foreground(absolute, hint, lambda: _examined(plan))


def _examined(plan: Plan) -> Sequence[Finding]:
    """What is wrong with the files; that and the ports are checked before anything starts.

    Raises:
        Failure: a port is taken.
    """
    from tulle.flow.offline import checked  # here, so that --help and completion do not wait for it

    mesh, findings = checked(plan.files, plan.folder)
    ports.require(_addresses(plan, mesh.listeners.values()))
    return findings


def _require_quiet(home: Home) -> None:
    """Make sure that nothing runs in this home, not even what a killed mesh left, and that it can be written."""
    try:
        home.create()
        with running.occupied(home):
            _require_room(home)
            record = running.read(home)  # None: it was stopped in order, or never started.
            if record is not None and (ended := asyncio.run(sweep(home, record))):
                note(f"a mesh that was killed had left processes behind; ended now: {ended}", "")
    except OSError as error:
        raise Failure(
            f"the folder {home.root} cannot be used: {error}", "set TULLE_HOME to a folder of yours"
        ) from error


def _require_room(home: Home) -> None:
    try:
        write_atomically(home.root / "room", bytes(ROOM))
        (home.root / "room").unlink()
    except OSError as error:
        if error.errno not in {errno.ENOSPC, errno.EDQUOT}:
            raise
        raise Failure(
            f"the disk with {home.root} is full: {error.strerror}",
            "make room there, or set TULLE_HOME to a folder on another disk",
        ) from error


def _addresses(plan: Plan, listeners: Iterable[Listener]) -> Iterable[ports.Wanted]:
    own = [(plan.api, "the API", "--api-address"), (plan.xds, "proxies and agents", "--xds-address")]
    own += [(plan.join, "hosts that join", "--join-address")] if plan.join else []
    for address, purpose, option in own:
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


def _in_foreground(plan: Plan, hint: str, check: Callable[[], Sequence[Finding]]) -> None:
    logging.basicConfig(
        filename=plan.home.logs / "up.log", level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s"
    )
    launcher, findings = Launcher(plan), list[Finding]()
    with contextlib.ExitStack() as closing:

        @cache
        def shown() -> view.View:  # made late: a live view takes over the terminal
            made = view.make(f"{hint}\n\nCtrl-C stops everything.".strip())
            closing.callback(made.close)
            return made

        async def watch(launcher: Launcher) -> None:
            _show(findings)
            await view.follow(plan.home, shown(), launcher.became_ready)

        asyncio.run(launcher.run(watch, lambda message: shown().progress(message), lambda: findings.extend(check())))
        if not launcher.released.is_set():
            raise KeyboardInterrupt  # during the check: nothing was started that could be stopped
        shown().progress("stopped")
    if launcher.hopeless:
        raise background.ended(plan.home, launcher.hopeless)


def _in_background(plan: Plan, timeout: float, hint: str) -> None:
    shown = view.make(hint)
    launcher = background.start(plan)
    try:
        background.wait(plan.home, launcher, timeout, shown)
    except KeyboardInterrupt:
        note(f"still starting, in the background as process {launcher}; `tulle down` stops it")
        raise
    finally:
        shown.close()

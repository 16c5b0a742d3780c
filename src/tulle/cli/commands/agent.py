"""Run the agent of a host alone, and join a control plane."""

from __future__ import annotations

import asyncio
import os
import re
import socket
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from tulle.cli import ports
from tulle.cli.options import HostAddress, XdsAddress
from tulle.cli.output import MISUSED, Failure
from tulle.cli.parts import is_released, log_to_stderr
from tulle.cli.running import DEFAULT_XDS, LOOPBACK
from tulle.kit.home import Home

PLACE = ("Parts", 41)


class Role(StrEnum):
    """What a host does."""

    HOST = "host"
    GATEWAY = "gateway"
    SIDECAR = "sidecar"


def command(
    role: Annotated[
        Role, typer.Option("--role", envvar="TULLE_ROLE", help="Services with sidecars, the gateway, or (host) both.")
    ] = Role.HOST,
    xds_address: XdsAddress = DEFAULT_XDS,
    join: Annotated[
        str | None,
        typer.Option("--join", envvar="TULLE_JOIN", metavar="HOST:PORT", help="Where the control plane lets hosts in."),
    ] = None,
    token_file: Annotated[
        Path | None,
        typer.Option("--token-file", envvar="TULLE_JOIN_TOKEN_FILE", help="File with a token of `tulle token create`."),
    ] = None,
    host: Annotated[
        str | None,
        typer.Option("--host", envvar="TULLE_HOST_NAME", help="Name of this host; its host name if not given."),
    ] = None,
    address: HostAddress = LOOPBACK,
    lifeline: Annotated[int | None, typer.Option(hidden=True)] = None,
) -> None:
    """Run the agent of this host, in the foreground: it starts and supervises services and their Envoys.

    Without --join it belongs to the control plane of the same home, as in `tulle up`. The token can also be given
    in TULLE_JOIN_TOKEN. It is needed once: afterwards the host has a certificate, and renews it.

    Killed, it leaves everything running for its successor; stopped (SIGTERM, Ctrl-C), it ends everything in order.

    \b
    Example, on a second host (10.0.0.2):
      tulle agent --xds-address 10.0.0.1:7710 --join 10.0.0.1:7711 --token-file join-token --address 10.0.0.2
    """
    from tulle.agent.enrolment import Invitation  # here, so that --help and completion do not wait for it
    from tulle.agent.main import AlreadyRunning, run

    ports.require_ip(address, "--address")
    plane = xds_address or DEFAULT_XDS
    ports.parse(plane, "--xds-address")
    invitation = None
    if join:
        ports.parse(join, "--join")
        given = token(token_file)
        invitation = Invitation(address=join, token=lambda: given)
    elif token_file:
        raise Failure("--token-file needs --join: the address at which hosts are let in", code=MISUSED)
    log_to_stderr()
    if not is_released(lifeline):
        return
    try:
        asyncio.run(run(Home.from_environment(), plane, name(host), role.value, invitation, lifeline, address))
    except AlreadyRunning as error:
        raise Failure(str(error)) from error


def token(file: Path | None) -> str:
    """The join token from a file, or from the environment.

    Raises:
        Failure: there is none.
    """
    if file is None:
        given = os.environ.get("TULLE_JOIN_TOKEN", "").strip()
        if not given:
            raise Failure("--join needs a token", "--token-file, or TULLE_JOIN_TOKEN in the environment", code=MISUSED)
        return given
    try:
        return file.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise Failure(f"the token cannot be read from {file}: {error}", code=MISUSED) from error


def name(given: str | None) -> str:
    """The name of this host, as it can be part of an identity.

    Raises:
        Failure: it cannot.
    """
    text = given or socket.gethostname().partition(".")[0].lower()
    if not re.fullmatch(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", text):
        message = f'"{text}" cannot be the name of a host; use lower-case letters, digits and hyphens with --host'
        raise Failure(message, code=MISUSED)
    return text

"""Whether addresses can be listened on, and who has them if not. Asked before anything is started."""

from __future__ import annotations

import socket
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import ip_address

from tulle.cli.output import Failure


@dataclass(frozen=True, slots=True)
class Wanted:
    """An address that we want to listen on."""

    host: str
    port: int
    purpose: str
    """What for, in the user's words: `the API`."""
    remedy: str
    """How to choose another one."""
    is_udp: bool = False


def parse(address: str, option: str) -> tuple[str, int]:
    """Host and port of `host:port`, `[v6]:port`, or `:port` (loopback).

    Raises:
        Failure: it is something else.
    """
    host, colon, port = address.rpartition(":")
    if not colon or not port.isdecimal() or not 0 < int(port) < 65536:
        raise Failure(f'{option}: "{address}" is no address; write host:port, as in 127.0.0.1:7700', code=2)
    return host.strip("[]") or "127.0.0.1", int(port)


def require_ip(text: str, option: str) -> None:
    """Make sure that this is an IP address.

    Raises:
        Failure: it is something else.
    """
    try:
        ip_address(text)
    except ValueError as error:
        raise Failure(f'{option}: "{text}" is no IP address', code=2) from error


def require(wanted: Iterable[Wanted]) -> None:
    """Make sure that every address can be listened on.

    Raises:
        Failure: some cannot; all of them are named.
    """
    problems = [problem for each in wanted if (problem := _problem(each))]
    if problems:
        first, *others = problems
        raise Failure(first[0], *first[1:], *(line for problem in others for line in problem))


def _problem(wanted: Wanted) -> tuple[str, str] | None:
    family = socket.AF_INET6 if ":" in wanted.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM if wanted.is_udp else socket.SOCK_STREAM) as probe:
        # Connections of the last run that are still closing do not count; a listener does.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0 if wanted.is_udp else 1)
        try:
            probe.bind((wanted.host, wanted.port))
            return None
        except PermissionError:
            reason = "may not be used by this user; ports below 1024 need root or CAP_NET_BIND_SERVICE"
        except socket.gaierror:
            reason = "cannot be used: there is no such host name"
        except OSError as error:
            in_use = error.errno in {98, 48}
            reason = f"is already in use{owner(wanted)}" if in_use else f"cannot be used: {error.strerror}"
    return f"{wanted.host}:{wanted.port}, for {wanted.purpose}, {reason}", wanted.remedy


def owner(wanted: Wanted) -> str:
    """` by nginx (process 4711)`, or nothing when it may not be found out."""
    import psutil  # slow to import, and needed only for this message

    try:
        for connection in psutil.net_connections("udp" if wanted.is_udp else "tcp"):
            listens = wanted.is_udp or connection.status == psutil.CONN_LISTEN
            if connection.pid and listens and connection.laddr and connection.laddr.port == wanted.port:
                return f" by {psutil.Process(connection.pid).name()} (process {connection.pid})"
    except psutil.Error:
        pass
    return ""

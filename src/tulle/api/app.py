"""The servers of the control plane beside xDS: the HTTP API, and the port where new hosts join.

Imported early by `tulle serve`, so it is cheap: the web framework is only imported while proxies are served already.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import grpc
import grpc.aio

from tulle.api.auth import load_or_create
from tulle.api.hosts import Hosts
from tulle.flow.state import State
from tulle.store.base import Store

log = logging.getLogger(__name__)

GRACE = 1.0
"""Seconds that open requests may take when the server stops."""


async def serve(
    address: str,
    state: State,
    store: Store,
    token_file: Path,
    ready: Callable[[str], None] | None = None,
    *,
    when: Callable[[], Awaitable[object]] | None = None,
) -> None:
    """Serve the HTTP API at `host:port` until cancelled. `ready` is told the address once it is bound.

    `when` is called and awaited before requests are answered: there may be more important things to do first.

    Raises:
        OSError: the address cannot be used, or the token not be read or made.
    """
    token = load_or_create(token_file)
    with _bound(address) as listening:
        host, port = listening.getsockname()[:2]
        if when is not None:
            await when()
        # In a thread: importing takes a few hundred milliseconds, in which proxies must be served.
        http: Any = await asyncio.to_thread(import_module, "tulle.api.http")
        log.info("serving the API at %s:%d", host, port)
        if ready is not None:
            ready(f"{host}:{port}")
        await http.serve(http.application(state, store, token), listening, GRACE)


async def serve_routers(socket_file: Path, state: State, put: Callable[[bytes], None]) -> None:
    """Answer questions about routers on a Unix socket until cancelled.

    Raises:
        OSError: the socket cannot be made.
    """
    socket_file.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listening:
        listening.bind(str(socket_file))
        listening.listen()
        routers: Any = await asyncio.to_thread(import_module, "tulle.api.routers")
        http: Any = await asyncio.to_thread(import_module, "tulle.api.http")
        await http.serve(routers.application(state, put), listening, GRACE)


@asynccontextmanager
async def joining(hosts: Hosts, address: str, credentials: grpc.ServerCredentials | None = None) -> AsyncIterator[str]:
    """Let hosts join at `host:port` (with credentials) or `unix:/path` (without); yields the bound address.

    Raises:
        OSError: the address cannot be used.
    """
    server = grpc.aio.server()
    server.add_generic_rpc_handlers((hosts.enrolment(),))
    is_local = address.startswith("unix:")
    if is_local:
        Path(address.removeprefix("unix:")).unlink(missing_ok=True)
    elif credentials is None:
        raise ValueError("hosts only join over TLS or a Unix socket")
    try:
        port = server.add_insecure_port(address) if is_local else server.add_secure_port(address, credentials)
    except RuntimeError as error:
        raise OSError(f"hosts cannot join at {address}: the address is in use or not one of this machine") from error
    await server.start()
    try:
        yield address if is_local else f"{address.rpartition(':')[0]}:{port}"
    finally:
        await server.stop(GRACE)


def _bound(address: str) -> socket.socket:
    host, _, port = address.rpartition(":")
    try:
        family, kind, protocol, _, place = socket.getaddrinfo(host.strip("[]"), int(port), type=socket.SOCK_STREAM)[0]
        listening = socket.socket(family, kind, protocol)
        try:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind(place)
            # Whoever connects from now on waits for the answer instead of being refused.
            listening.listen()
        except OSError:
            listening.close()
            raise
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it must have the form host:port"
        raise OSError(f"the API cannot listen at {address}: {reason}") from error
    return listening

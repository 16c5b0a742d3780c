"""The HTTP application: every resource of the API behind one token, and how it is served within a running loop."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus

import uvicorn
from fastapi import Depends, FastAPI, Request

from tulle.__about__ import __version__
from tulle.api import documents, history, objects, problems, proxies, status
from tulle.api.auth import is_authorized
from tulle.api.problems import Problem
from tulle.flow.state import State
from tulle.store.base import Store


def application(state: State, store: Store, token: str) -> FastAPI:
    """The application, with its OpenAPI description at `/openapi.json` (the only thing that needs no token)."""

    async def authorized(request: Request) -> None:
        if not is_authorized(request.headers.get("authorization"), token):
            raise Problem(
                HTTPStatus.UNAUTHORIZED,
                "show the token of this home (the file plane/token in TULLE_HOME) as `Authorization: Bearer <token>`",
            )

    # No interactive pages: they would fetch scripts from elsewhere.
    app = FastAPI(title="tulle", version=__version__, docs_url=None, redoc_url=None)
    problems.install(app)
    routers = (
        status.router(state),
        proxies.router(state),
        objects.router(state, store),
        documents.router(state, store),
        history.router(store),
    )
    for router in routers:
        app.include_router(router, prefix="/v1", dependencies=[Depends(authorized)])
    return app


class _Server(uvicorn.Server):
    """Leaves the signals to whoever runs the loop."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


async def serve(app: FastAPI, listening: socket.socket, grace: float) -> None:
    """Serve on a bound socket until cancelled; open requests get `grace` seconds."""
    config = uvicorn.Config(
        app,
        log_config=None,
        log_level=logging.WARNING,
        access_log=False,
        lifespan="off",
        ws="none",
        server_header=False,
        timeout_graceful_shutdown=max(1, round(grace)),
    )
    server = _Server(config)
    async with asyncio.TaskGroup() as tasks:
        serving = tasks.create_task(server.serve(sockets=[listening]))
        try:
            await asyncio.shield(serving)
        except asyncio.CancelledError:
            # uvicorn only says goodbye to its connections when it is asked to, not when it is cancelled.
            server.should_exit = True
            await serving
            raise

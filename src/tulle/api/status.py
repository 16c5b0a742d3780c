"""`GET /v1/status`."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter, Response

from tulle.api.summary import Look, Status, look, summarize
from tulle.flow.state import State
from tulle.kit.codec import encode


def router(state: State) -> APIRouter:
    """The resource, over a running control plane."""
    routes = APIRouter(tags=["status"])

    @routes.get("/status", response_model=Status)
    async def status() -> Response:
        """Services, proxies, instances, addresses of the gateway, and everything that is wrong."""
        # Looked at within the loop, where it changes; made into JSON beside it, for it may be large.
        return Response(await asyncio.to_thread(_encoded, look(state)), media_type="application/json")

    return routes


def _encoded(seen: Look) -> bytes:
    return encode(summarize(seen))

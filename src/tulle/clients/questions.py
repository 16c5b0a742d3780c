"""One question to a web server of other people, answered with JSON: bounded in size and time."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tulle.clients.answers import refused, whole
from tulle.clients.endpoints import CannotFetch

if TYPE_CHECKING:
    import httpx


class Refused(CannotFetch):
    """There is an answer, but not a good one."""


async def asked(
    client: httpx.AsyncClient,
    path: str,
    query: Mapping[str, str | list[str]] | None,
    patience: float,
    may_be_missing: bool = False,
) -> Any:
    """What a GET answers; None for what is not there, if that is allowed.

    Raises:
        Refused: the status is not good.
        CannotFetch: it takes too long, is too large, or no JSON. (Errors of the connection are those of httpx.)
    """
    try:
        async with asyncio.timeout(patience), client.stream("GET", path, params=query) as answer:
            if answer.status_code == 404 and may_be_missing:
                return None
            if answer.status_code != 200:
                raise Refused(f"asked for {path}: {await refused(answer)}")
            return await whole(answer)
    except TimeoutError as error:
        raise CannotFetch(f"it does not answer within {patience:g} s") from error

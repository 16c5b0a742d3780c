"""JSON from servers of other people, in full or line by line: bounded, and not trusted to have a certain shape."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Any

from tulle.clients.endpoints import CannotFetch

if TYPE_CHECKING:
    import httpx

LARGEST = 96 * 1024 * 1024
"""Bytes of an answer, or of one line of it."""
SHOWN = 200
"""Characters of an error that are repeated."""


async def whole(answer: httpx.Response, largest: int = LARGEST) -> Any:
    """The JSON of an answer.

    Raises:
        CannotFetch: it is too large, or none.
    """
    return decoded(await content(answer, largest))


async def content(answer: httpx.Response, largest: int = LARGEST) -> bytes:
    """The bytes of an answer.

    Raises:
        CannotFetch: there are too many.
    """
    found = bytearray()
    async for part in answer.aiter_raw():
        found += part
        if len(found) > largest:
            raise CannotFetch(f"its answer is larger than {largest // 2**20} MB")
    return bytes(found)


async def lines(answer: httpx.Response, largest: int = LARGEST) -> AsyncGenerator[Any, None]:
    """The JSON of each line, as it arrives.

    Raises:
        CannotFetch: a line is too large, or no JSON.
    """
    rest = bytearray()
    async for part in answer.aiter_raw():
        rest += part
        while (end := rest.find(b"\n")) >= 0:
            line = bytes(rest[:end])
            del rest[: end + 1]
            if line.strip():
                yield decoded(line)
        if len(rest) > largest:
            raise CannotFetch(f"its answer is larger than {largest // 2**20} MB")


def decoded(data: bytes) -> Any:
    """The value of a JSON text.

    Raises:
        CannotFetch: it is none.
    """
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise CannotFetch(f"its answer is no JSON: {error}"[:SHOWN]) from error


async def refused(answer: httpx.Response) -> CannotFetch:
    """What to say about an answer with a status that is not good."""
    said = (await content(answer)).decode("utf-8", "replace").strip()[:SHOWN]
    status = f"the answer is {answer.status_code} {answer.reason_phrase}".rstrip()
    return CannotFetch(f"{status}: {said}" if said else status)

"""Small answers of web servers of other people: bounded in size and time. Knows nothing of what is in them."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING

from tulle.clients.endpoints import CannotFetch, context, reason
from tulle.model.providers import ClientTls

__all__ = ["LARGEST", "CannotFetch", "fetch"]

if TYPE_CHECKING:
    import httpx

LARGEST = 1024 * 1024
"""Bytes of an answer."""
MOST_REDIRECTS = 5
HEADERS = {
    "accept": "application/json, */*;q=0.5",
    "accept-encoding": "identity",  # What is compressed may be a thousand times as large as it looks.
    "user-agent": "tulle",
}


async def fetch(
    address: str,
    timeout: float,
    *,
    headers: Mapping[str, str] | None = None,
    largest: int = LARGEST,
    tls: ClientTls | None = None,
) -> bytes:
    """What a GET of an `http` or `https` address answers. Certificates are those that the system trusts, or as it says.

    Proxies of the environment (`HTTPS_PROXY`, `NO_PROXY`) are used. Redirects are followed, but not out of TLS.

    Raises:
        CannotFetch: as it says.
    """
    # Only now: most meshes never need it, and all would wait for it at their start.
    import httpx

    try:
        async with (
            asyncio.timeout(timeout),
            httpx.AsyncClient(
                verify=context(tls) if tls else _trust(),
                follow_redirects=True,
                max_redirects=MOST_REDIRECTS,
                timeout=timeout,
            ) as client,
            client.stream(
                "GET", address, headers={**HEADERS, **{name.lower(): value for name, value in (headers or {}).items()}}
            ) as answer,
        ):
            _check(answer)
            return await _content(answer, largest)
    except (TimeoutError, httpx.TimeoutException) as error:
        raise CannotFetch(f"no answer within {timeout:g} s") from error
    except httpx.TooManyRedirects as error:
        raise CannotFetch(f"more than {MOST_REDIRECTS} redirects") from error
    except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
        raise CannotFetch(reason(error)) from error


def _check(answer: httpx.Response) -> None:
    passed = [each.url.scheme for each in (*answer.history, answer)]
    if passed != sorted(passed):
        raise CannotFetch("it redirects from https to http")
    if answer.status_code != 200:
        raise CannotFetch(f"the answer is {answer.status_code} {answer.reason_phrase}".rstrip())
    encoding = answer.headers.get("content-encoding", "identity")
    if encoding != "identity":
        raise CannotFetch(f"the answer is compressed ({encoding}) although that was not asked for")


async def _content(answer: httpx.Response, largest: int) -> bytes:
    content = bytearray()
    async for part in answer.aiter_raw():
        content += part
        if len(content) > largest:
            raise CannotFetch(f"the answer is larger than {_size(largest)}")
    return bytes(content)


@cache
def _trust() -> ssl.SSLContext:
    """The authorities of the system; httpx would bring its own."""
    return ssl.create_default_context()


def _size(count: int) -> str:
    return f"{count // 1024} KiB" if count >= 1024 else f"{count} bytes"

"""Small answers of web servers of other people: bounded in size and time. Knows nothing of what is in them."""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING

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


class CannotFetch(Exception):
    """There is no answer, or none that can be used; the message says why, as the rest of a sentence."""


async def fetch(address: str, timeout: float) -> bytes:
    """What a GET of an `http` or `https` address answers. Certificates are those that the system trusts.

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
                verify=_trust(), follow_redirects=True, max_redirects=MOST_REDIRECTS, timeout=timeout
            ) as client,
            client.stream("GET", address, headers=HEADERS) as answer,
        ):
            _check(answer)
            return await _content(answer)
    except (TimeoutError, httpx.TimeoutException) as error:
        raise CannotFetch(f"no answer within {timeout:g} s") from error
    except httpx.TooManyRedirects as error:
        raise CannotFetch(f"more than {MOST_REDIRECTS} redirects") from error
    except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
        raise CannotFetch(_reason(error)) from error


def _check(answer: httpx.Response) -> None:
    passed = [each.url.scheme for each in (*answer.history, answer)]
    if passed != sorted(passed):
        raise CannotFetch("it redirects from https to http")
    if answer.status_code != 200:
        raise CannotFetch(f"the answer is {answer.status_code} {answer.reason_phrase}".rstrip())
    encoding = answer.headers.get("content-encoding", "identity")
    if encoding != "identity":
        raise CannotFetch(f"the answer is compressed ({encoding}) although that was not asked for")


async def _content(answer: httpx.Response) -> bytes:
    content = bytearray()
    async for part in answer.aiter_raw():
        content += part
        if len(content) > LARGEST:
            raise CannotFetch(f"the answer is larger than {LARGEST // 1024} KiB")
    return bytes(content)


@cache
def _trust() -> ssl.SSLContext:
    """The authorities of the system; httpx would bring its own."""
    return ssl.create_default_context()


def _reason(error: BaseException) -> str:
    """What went wrong in the words of the system, which is the innermost error; libraries hide it."""
    for each in _causes(error):
        if isinstance(each, ssl.SSLCertVerificationError):
            return f"its certificate is not trusted: {each.verify_message}"
        if isinstance(each, ssl.SSLError) and each.reason:
            return f"no TLS: {each.reason.replace('_', ' ').lower()}"
        if isinstance(each, OSError) and each.errno:
            # asyncio puts words of its own there; those of the resolver have negative numbers.
            return (os.strerror(each.errno) if each.errno > 0 else each.strerror or "").lower()
    return str(error) or type(error).__name__


def _causes(error: BaseException) -> Iterator[BaseException]:
    inner = error.exceptions if isinstance(error, BaseExceptionGroup) else (error.__cause__ or error.__context__,)
    for each in inner:
        if each is not None:
            yield from _causes(each)
    yield error

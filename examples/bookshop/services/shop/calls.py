"""Calls of other services by their plain names. The sidecar (`HTTP_PROXY`) finds them, and does everything else."""

from __future__ import annotations

import http.client
import json
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, and what it tells about its way."""

    service: str
    path: str
    status: int
    body: bytes
    headers: Mapping[str, str]
    milliseconds: float

    @property
    def is_ok(self) -> bool:
        """Whether the service did what it was asked."""
        return 200 <= self.status < 300

    @property
    def json(self) -> object:
        """The body as a value; None if it is none."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    @property
    def version(self) -> str:
        """Version of the service that answered, `-` if there is only one."""
        return self._by(1)

    @property
    def instance(self) -> str:
        """Instance that answered, empty if a proxy answered in its place."""
        return self._by(2)

    @property
    def attempts(self) -> int:
        """How often the service saw this call; more than one: the mesh repeated it."""
        return int(self.headers.get("x-shop-attempts", "1"))

    @property
    def caller(self) -> str:
        """The identity under which the service saw its caller."""
        return self.headers.get("x-shop-caller", "")

    @property
    def reason(self) -> str:
        """Why a proxy answered in place of the service."""
        return self.headers.get("x-tulle-reason", "")

    def _by(self, position: int) -> str:
        words = self.headers.get("x-shop-by", "").split()
        return words[position] if position < len(words) else ""


def call(
    service: str, path: str, *, fields: Mapping[str, object] | None = None, headers: Mapping[str, str] | None = None
) -> Answer:
    """GET a path of a service, or POST `fields` to it as JSON. Never raises: what goes wrong is an answer too."""
    started = time.perf_counter()
    connection = _connection(service)
    method, body = ("GET", None) if fields is None else ("POST", json.dumps(fields))
    try:
        # A name of its own for every call: the one who is called can tell a repeated call from a new one.
        sent = {"x-shop-call": os.urandom(8).hex(), **(headers or {})}
        connection.request(method, f"http://{service}{path}", body, sent)
        response = connection.getresponse()
        received = {name.lower(): value for name, value in response.getheaders()}
        status, content = response.status, response.read()
    except (OSError, http.client.HTTPException) as error:
        status, content, received = 502, b"", {"x-tulle-reason": f"the sidecar does not answer: {error}"}
    finally:
        connection.close()
    return Answer(service, path, status, content, received, (time.perf_counter() - started) * 1000)


def _connection(service: str) -> http.client.HTTPConnection:
    """A connection to the sidecar; without one, to the service itself."""
    proxy = urlsplit(os.environ.get("HTTP_PROXY", ""))
    return http.client.HTTPConnection(proxy.hostname or service, proxy.port or 80, timeout=15)

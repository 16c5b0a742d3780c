"""The API of a running control plane, as commands use it: by the standard library's client, which is fast to import."""

from __future__ import annotations

import json
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from typing import Any
from urllib.parse import quote, urlencode

from tulle.cli import running
from tulle.cli.output import FAILED, MISUSED, Failure
from tulle.cli.ports import parse
from tulle.kit.home import Home


class Unreachable(Failure):
    """Nobody answers at the address of the API."""


class Refused(Failure):
    """The control plane answered, and the answer was no."""

    def __init__(self, status: int, message: str, *details: str, findings: tuple[dict[str, Any], ...] = ()) -> None:
        super().__init__(message, *details, code=MISUSED if status == HTTPStatus.BAD_REQUEST else FAILED)
        self.status = status
        self.findings = findings
        """What is wrong with what was sent, in the form of `-o json`."""


class Api:
    """Requests with the token of the home. One connection a request: commands make few."""

    def __init__(self, address: str, token: str, *, timeout: float = 30.0) -> None:
        self.address = address
        self._place = parse(address, "--api-address")
        self._token = token
        self._timeout = timeout

    def get(self, path: str, **query: str) -> Any:
        """The JSON (or else the text) at a path. Parameters that are empty are left out."""
        return self._request("GET", with_query(path, query))

    def post(self, path: str, body: object) -> Any:
        """Send JSON; returns the answer."""
        return self._request("POST", path, body)

    def delete(self, path: str, **query: str) -> Any:
        """Delete what is at a path; returns the answer."""
        return self._request("DELETE", with_query(path, query))

    def _request(self, method: str, path: str, body: object = None) -> Any:
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        payload = None if body is None else json.dumps(body).encode()
        try:
            connection = HTTPConnection(*self._place, timeout=self._timeout)
            try:
                connection.request(method, path, payload, headers)
                answer = connection.getresponse()
                content, status = answer.read(), answer.status
            finally:
                connection.close()
        except (OSError, HTTPException) as error:
            raise Unreachable(
                f"no control plane answers at {self.address}: {error}",
                "`tulle up` starts one; for one that listens elsewhere: --api-address or TULLE_API_ADDRESS",
            ) from error
        return _accepted(status, content, self.address)


def with_query(path: str, query: dict[str, str]) -> str:
    """The path with those parameters that are not empty."""
    given = {name: value for name, value in query.items() if value}
    return f"{path}?{urlencode(given)}" if given else path


def _accepted(status: int, content: bytes, address: str) -> Any:
    try:
        value = json.loads(content) if content else None
    except ValueError:
        value = content.decode(errors="replace")
    if status < 400:
        return value
    if status == 401:
        raise Refused(
            status,
            f"the control plane at {address} does not know the token of this home",
            "it belongs to another home: set TULLE_HOME to that one, or TULLE_TOKEN to its token",
        )
    findings = tuple(value.get("findings", ())) if isinstance(value, dict) else ()
    raise Refused(status, *_reasons(value) or (f"the control plane at {address} answered {status}",), findings=findings)


def _reasons(value: object) -> tuple[str, ...]:
    """What an error document says: `detail` as a sentence, or as a list of them."""
    detail = value.get("detail") if isinstance(value, dict) else value
    if isinstance(detail, str):
        return tuple(detail.splitlines())
    if isinstance(detail, dict):
        return _reasons({"detail": detail.get("message") or json.dumps(detail)})
    if isinstance(detail, list):
        return tuple(str(item.get("msg", item)) if isinstance(item, dict) else str(item) for item in detail)
    return ()


def segment(text: str) -> str:
    """Text as one segment of a path."""
    return quote(text, safe="")


def connect(home: Home, address: str | None = None, token: str | None = None) -> Api:
    """The API of what runs in this home, or at an address that was given.

    Raises:
        Failure: there is no token to show.
    """
    record = running.read(home)
    if not token:
        try:
            token = (home.plane / "token").read_text().strip()
        except OSError as error:
            raise nothing_runs(home) from error
    return Api(address or (record.api if record else running.DEFAULT_API), token)


def nothing_runs(home: Home) -> Failure:
    """The error of commands that need a running mesh."""
    return Failure(
        f"nothing is running in {home.root}", "`tulle up` starts the mesh of tulle.yaml, `tulle demo` an example"
    )

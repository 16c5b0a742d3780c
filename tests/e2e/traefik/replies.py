"""What comes back, whatever was asked, and by which protocol."""

from __future__ import annotations

import re
import ssl
from dataclasses import dataclass, field

Headers = list[tuple[str, str]]


@dataclass
class Reply:
    """What came back. Status 0 is no answer, and `note` says why; the status of gRPC is its own."""

    status: int
    headers: Headers = field(default_factory=list)
    body: bytes = b""
    note: str = ""
    certificate: str = ""
    """Of the server, over TLS: its first name."""
    seconds: float = 0.0
    first: float = 0.0
    """When the first byte of the body was there."""

    def get(self, name: str) -> str | None:
        """The values of a header, joined."""
        values = [value for each, value in self.headers if each == name.lower()]
        return ", ".join(values) if values else None

    @property
    def text(self) -> str:
        return self.body.decode(errors="replace")


def parsed(data: bytes) -> Reply:
    """An answer from its bytes; chunks stay as they are."""
    head, _, body = data.partition(b"\r\n\r\n")
    line, *lines = head.decode("latin-1").split("\r\n")
    found = re.match(r"HTTP/[\d.]+ (\d+)", line)
    headers = [(name.lower(), value.strip()) for name, _, value in (each.partition(":") for each in lines)]
    return Reply(int(found[1]), headers, body) if found else Reply(0, body=data, note="closed")


def reason(error: BaseException) -> str:
    """Why there is no answer, in words that are the same every time."""
    if isinstance(error, ssl.SSLError):
        return f"TLS: {error.reason}"
    if isinstance(error, TimeoutError):
        return "timeout"
    return "refused" if isinstance(error, ConnectionRefusedError) else "closed"

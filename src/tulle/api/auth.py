"""Who may use the API: everybody who shows the token of this home, which only its owner can read."""

from __future__ import annotations

import hmac
import secrets
from pathlib import Path

from tulle.kit.files import write_atomically


def load_or_create(path: Path) -> str:
    """The token in a file; a new one is made if there is no such file.

    Raises:
        PermissionError: others can read the file.
        OSError: it cannot be read or made.
    """
    try:
        mode = path.stat().st_mode
        token = path.read_text().strip()
    except FileNotFoundError:
        token = ""
    else:
        if mode & 0o077:
            raise PermissionError(
                f"{path} can be read by other users, so the API is open to them; remove it, and a new one is made"
            )
    if not token:
        token = secrets.token_urlsafe(32)
        write_atomically(path, token + "\n")
    return token


def is_authorized(header: str | None, token: str) -> bool:
    """Whether an `Authorization` header shows the token (RFC 6750)."""
    scheme, _, shown = (header or "").partition(" ")
    return scheme.lower() == "bearer" and hmac.compare_digest(shown.strip().encode(), token.encode())

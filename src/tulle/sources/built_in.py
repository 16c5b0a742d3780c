"""The document that nobody writes: the certificate for names without one, and the control plane as a service."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509

from tulle.kit.clock import Clock, SystemClock
from tulle.kit.files import write_atomically
from tulle.model.documents import Document, Key, Origin
from tulle.model.names import Name
from tulle.sources.base import Batch

SOURCE = "internal"
DAY = timedelta(days=1)


class BuiltIn:
    """The certificate in a file of the home, made anew for the last twelfth of its life."""

    name = SOURCE

    def __init__(
        self, file: Path, socket: Path, made: Callable[[datetime], Sequence[str]], clock: Clock | None = None
    ) -> None:
        """`file` holds the certificate and its key; on `socket` questions about routers are answered.

        `made` gives a new certificate and its key as PEM, valid from a time on.
        """
        self._file = file
        self._socket = socket
        self._made = made
        self._clock = clock or SystemClock()

    async def batches(self) -> AsyncIterator[Batch]:
        """At once, and whenever there is a new one."""
        last = ""
        while True:
            pem = await asyncio.to_thread(self._current)
            if pem != last:
                last = pem
                yield Batch((document(pem, self._socket),))
            await asyncio.sleep(DAY.total_seconds())

    def _current(self) -> str:
        now = self._clock.now()
        try:
            pem = self._file.read_text()
            found = x509.load_pem_x509_certificate(pem.encode())
            if now < found.not_valid_after_utc - (found.not_valid_after_utc - found.not_valid_before_utc) / 12:
                return pem
        except (OSError, ValueError):
            pass
        pem = "".join(self._made(now))
        write_atomically(self._file, pem)
        return pem


def document(pem: str, socket: Path) -> Document:
    """A store of certificates with this one, if there is one, and the control plane as a service, as documents write
    them."""
    pair = {"certFile": pem, "keyFile": pem}
    stores = {"stores": {"default": {"defaultCertificate": pair}}} if pem else {}
    servers = {"servers": [{"url": f"unix://{socket}"}]}
    content = {"tls": stores, "http": {"services": {"plane": {"loadBalancer": servers}}}}
    return Document(Origin(SOURCE), Key("file", Name("", SOURCE)), content)

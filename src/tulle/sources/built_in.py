"""Documents that nobody writes: the certificate for clients that ask for a name without one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

from cryptography import x509

from tulle.identity.stand_in import LIFETIME, self_signed
from tulle.kit.clock import Clock, SystemClock
from tulle.kit.files import write_atomically
from tulle.kit.located import LocatedMap
from tulle.model.documents import Document, Key, Origin
from tulle.model.names import Name
from tulle.sources.base import Batch

SOURCE = "internal"
DAY = timedelta(days=1)


class BuiltIn:
    """The certificate in a file of the home, made anew in the last month of its life."""

    name = SOURCE

    def __init__(self, file: Path, clock: Clock | None = None) -> None:
        """`file` holds the certificate and its key."""
        self._file = file
        self._clock = clock or SystemClock()

    async def batches(self) -> AsyncIterator[Batch]:
        """At once, and whenever there is a new one."""
        last = ""
        while True:
            pem = await asyncio.to_thread(self._current)
            if pem != last:
                last = pem
                yield Batch((document(pem),))
            await asyncio.sleep(DAY.total_seconds())

    def _current(self) -> str:
        now = self._clock.now()
        try:
            pem = self._file.read_text()
            if now < x509.load_pem_x509_certificate(pem.encode()).not_valid_after_utc - LIFETIME / 12:
                return pem
        except (OSError, ValueError):
            pass
        pem = "".join(self_signed(now))
        write_atomically(self._file, pem)
        return pem


def document(pem: str) -> Document:
    """A store of certificates with this one, as documents write it."""
    content: object = pem
    pair = LocatedMap(0)
    pair.put("certFile", content, 0)
    pair.put("keyFile", content, 0)
    value: object = pair
    for key in ("defaultCertificate", "default", "stores", "tls"):
        outer = LocatedMap(0)
        outer.put(key, value, 0)
        value = outer
    assert isinstance(value, LocatedMap)
    return Document(Origin(SOURCE), Key("file", Name("", SOURCE)), value)

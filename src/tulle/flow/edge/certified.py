"""The names that certificates of documents are for, where only these are served."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from tulle.clients.acme import keys
from tulle.kit.memo import remember
from tulle.model.objects import Secret
from tulle.model.routers import INTERNAL, KeyPair

TEXT = "-----"
"""How a certificate begins that is no path."""


def names(pairs: Iterable[KeyPair], issued: Iterable[Secret]) -> tuple[str, ...] | None:
    """All of them, in lower case; None if they are not known, because not every file can be read here."""
    known: dict[str, None] = {}
    for pair in pairs:
        if pair.is_default or pair.name.namespace == INTERNAL:
            continue
        found = _names(pair)
        if found is None:
            return None
        known.update(dict.fromkeys(found))
    for secret in issued:
        known.update(dict.fromkeys(_told(dict(secret.data).get("tls.crt", b""))))
    return tuple(known)


@remember(size=1)
def _names(pair: KeyPair) -> tuple[str, ...] | None:
    if pair.certificate.startswith(TEXT):
        return _told(pair.certificate)
    try:
        return _told(Path(pair.certificate).read_bytes())
    except (OSError, ValueError):  # Of a path that can be none.
        return None


def _told(chain: str | bytes) -> tuple[str, ...]:
    """What a certificate says; one that cannot be used is for nobody."""
    try:
        return tuple(map(str.lower, keys.facts(chain).names))
    except keys.Unusable:
        return ()

"""What a certificate authority asks a gateway, and what it is to be answered (RFC 8555 §8.3, RFC 8737)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tulle.model.names import Name
from tulle.model.objects import Secret

WELL_KNOWN = "/.well-known/acme-challenge/"
"""Before the token, in the path that is asked for; without TLS, at port 80, for every host."""
TLS_PROTOCOL = "acme-tls/1"
"""The protocol (ALPN) in which certificates of `TlsAnswer` are asked for; in no other they are shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpAnswer:
    """A text under a path."""

    token: str
    text: str
    domain: str = ""
    """The host for which it is asked for; any may be answered."""

    @property
    def path(self) -> str:
        """The whole path."""
        return WELL_KNOWN + self.token


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsAnswer:
    """A certificate that proves something and is good for nothing else."""

    domain: str
    """The server name for which it is asked for."""
    certificate: str
    """PEM."""
    key: str = field(repr=False)
    """PEM."""


Answer = HttpAnswer | TlsAnswer


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Issued:
    """What certificate authorities have signed, and what they ask. Compared by identity."""

    secrets: Mapping[Name, Secret] = field(default_factory=dict)
    """Every certificate that can be shown."""
    answers: tuple[Answer, ...] = ()
    """What gateways are to answer."""


NOTHING_ISSUED = Issued()

"""Where the gateway listens."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from tulle.model.documents import BUILT_IN, Origin
from tulle.model.names import Name
from tulle.model.routes import Backend


class ListenerProtocol(StrEnum):
    """What clients speak to a listener of the gateway."""

    HTTP = "http"
    HTTPS = "https"
    TCP = "tcp"
    TLS = "tls"
    """TLS that is ended here and carries anything; the bytes go to a TCP backend."""
    UDP = "udp"

    @property
    def is_http(self) -> bool:
        """Whether requests can be routed one by one."""
        return self in {ListenerProtocol.HTTP, ListenerProtocol.HTTPS}


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """A certificate chain and its key, in files on the host of the gateway; they are never sent anywhere."""

    certificate_file: str
    key_file: str
    hosts: tuple[str, ...] = ()
    """Server names it is for; empty: the default for every name."""
    origin: Origin = field(default=BUILT_IN, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, weakref_slot=True)
class Listener:
    """One address and port of the gateway. Compared and hashed by identity."""

    name: Name
    origin: Origin
    port: int
    address: str = "127.0.0.1"
    protocol: ListenerProtocol = ListenerProtocol.HTTP
    certificates: tuple[Certificate, ...] = ()
    client_ca_file: str = ""
    """If set, clients must present a certificate signed by it."""
    redirect_to_https: int | None = None
    """Port of an HTTPS listener to which every request is redirected."""
    backends: tuple[Backend, ...] = ()
    """For `tcp`, `tls` and `udp`: where the bytes go."""

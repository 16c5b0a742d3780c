"""What is spoken on ports, in Istio's words."""

from __future__ import annotations

from tulle.dialects.fields import refuse, shown
from tulle.model.findings import did_you_mean
from tulle.model.services import Protocol

_PROTOCOLS = {
    "HTTP": Protocol.HTTP,
    "HTTPS": Protocol.TLS,
    "GRPC": Protocol.GRPC,
    "GRPC-WEB": Protocol.HTTP,
    "HTTP2": Protocol.HTTP2,
    "HTTP_PROXY": Protocol.HTTP,
    "TLS": Protocol.TLS,
    "TCP": Protocol.TCP,
    "MONGO": Protocol.TCP,
    "MYSQL": Protocol.TCP,
    "REDIS": Protocol.TCP,
    "UDP": Protocol.UDP,
}
PROTOCOLS = tuple(_PROTOCOLS)


def known(value: object) -> object:
    """Check the name of a protocol; upper and lower case are the same."""
    name = value.upper() if isinstance(value, str) else ""
    if name not in _PROTOCOLS:
        hint = did_you_mean(name, PROTOCOLS)
        refuse(f"must be one of {', '.join(PROTOCOLS)}, not {shown(value)}{hint}")
    return name


def spoken(name: str, port_name: str) -> Protocol:
    """What the name of a protocol means; without one, the name of the port decides: `http`, `grpc-api`, `tcp-db`."""
    if name:
        return _PROTOCOLS[name]
    words = port_name.upper()
    found = (each for each in _BY_LENGTH if words == each or words.startswith(f"{each}-"))
    return _PROTOCOLS[next(found, "TCP")]


_BY_LENGTH = tuple(sorted(_PROTOCOLS, key=len, reverse=True))

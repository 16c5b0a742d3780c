"""Cookies by which clients stay where they were sent first: the names and values that Traefik gives them. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from string import ascii_letters, digits

from tulle.model.names import Name
from tulle.model.routers import PROVIDER, Pool, Sticky
from tulle.model.routes import Seat, Stay
from tulle.model.services import Endpoint

SAME_SITE = {"lax": "Lax", "strict": "Strict", "none": "None"}
PLAIN = frozenset(f"{ascii_letters}{digits}-._~=;/ ")
"""Characters that stand for themselves in every language that the value of a header goes through."""
OFFSET, PRIME, BITS = 0xCBF29CE484222325, 0x100000001B3, (1 << 64) - 1
"""Of FNV-1 with 64 bits."""


def stay(pool: Pool, sticky: Sticky) -> Stay:
    """How clients stay with one of the servers."""
    by_hostname = {each.hostname: each for each in pool.service.addresses}
    seats: dict[str, Seat] = {}
    for authority, url in zip(pool.authorities, pool.urls, strict=True):
        endpoint = by_hostname.get(authority)
        if endpoint is not None:
            seats[authority] = Seat(
                hostname=authority, address=_address(endpoint), value=value(url), old_values=old_values(url)
            )
    return Stay(cookie=cookie(pool.name, sticky), attributes=attributes(sticky), places=tuple(seats.values()))


def cookie(service: Name, sticky: Sticky) -> str:
    """The name of the cookie; without one it is made from that of the service."""
    if sticky.name:
        return sticky.name
    text = f"_TRAEFIK_BACKEND_{service.name}{PROVIDER}{service.namespace.removeprefix(PROVIDER)}"
    return "_" + hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()[:5]


def value(name: str) -> str:
    """What stands for a server (by its URL), or a service."""
    return hashlib.sha256(name.encode()).hexdigest()[:16]


def old_values(name: str) -> tuple[str, ...]:
    """What stood for it in former versions."""
    once = _fnv(name)
    return name, once, _fnv(once)


def attributes(sticky: Sticky) -> str:
    """What follows the value of a cookie."""
    return "".join(f"; {each}" for each in _attributes(sticky))


def told(text: str) -> str:
    """A cookie as the value of a header that only answers have for which a server was chosen: none of middlewares."""
    letters = (each if each in PLAIN else f"\\U{ord(each):08x}" for each in text if each.isprintable())
    return f"%CEL(has(upstream.address) ? '{''.join(letters)}' : '')%"


def _attributes(sticky: Sticky) -> Iterable[str]:
    if sticky.path:
        yield f"Path={sticky.path}"
    if sticky.domain:
        yield f"Domain={sticky.domain.removeprefix('.')}"
    if sticky.max_age:
        yield f"Max-Age={max(sticky.max_age, 0)}"
    if sticky.is_http_only:
        yield "HttpOnly"
    if sticky.is_secure:
        yield "Secure"
    if sticky.same_site in SAME_SITE:
        yield f"SameSite={SAME_SITE[sticky.same_site]}"


def _address(endpoint: Endpoint) -> str:
    host = endpoint.address
    if ":" in host:
        return f"[{host}]:{endpoint.port}"
    return f"{host}:{endpoint.port}" if host.replace(".", "").isdigit() else ""


def _fnv(text: str) -> str:
    found = OFFSET
    for byte in text.encode():
        found = (found * PRIME & BITS) ^ byte
    return f"{found:x}"

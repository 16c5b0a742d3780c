"""The servers of a service, by their URLs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from tulle.dialects.fields import shown
from tulle.dialects.traefik.services import ServerSpec
from tulle.dialects.written import Written
from tulle.model.hostnames import is_address
from tulle.model.services import Endpoint, Port, Protocol, Resolution

PORTS = {"http": 80, "https": 443, "h2c": 80}
SOCKET = "unix"
HEAVIEST = 1 << 31
"""Greatest sum of weights: half of what Envoy takes."""
PORT = 80
"""By which everything refers to the only port of a service."""


@dataclass(frozen=True, slots=True)
class Servers:
    """They, and what they have in common."""

    port: Port
    endpoints: tuple[Endpoint, ...]
    resolution: Resolution
    is_encrypted: bool
    prefix: str
    authorities: tuple[str, ...]
    """Host and port of each, as its URL has them."""
    urls: tuple[str, ...]
    """As they are written."""


def servers(part: Written, specs: Sequence[ServerSpec]) -> Servers | None:
    """All servers; None if one of them cannot be understood, which is noted."""
    urls = [_url(part, spec, index) for index, spec in enumerate(specs)]
    known = [url for url in urls if url is not None]
    if len(known) < len(urls):
        return None
    schemes = {url.scheme for url in known}
    if len(schemes) > 1:
        part.error(
            ("loadBalancer", "servers"),
            f"must all speak the same, not {' and '.join(sorted(schemes))}; make several services of it",
        )
        return None
    scheme = next(iter(schemes), "http")
    protocol = Protocol.HTTP2 if scheme == "h2c" else Protocol.HTTP
    hosts = [url.hostname or url.path for url in known]
    prefixes = {url.path.rstrip("/") for url, spec in zip(known, specs, strict=True) if spec.preserve_path}
    if len(prefixes) > 1:
        part.error(("loadBalancer", "servers"), "must have one path in common where it is preserved")
        return None
    return Servers(
        port=Port(name="http", number=PORT, protocol=protocol),
        endpoints=tuple(
            Endpoint(
                address=host,
                port=url.port or PORTS.get(scheme, 0),
                weight=weight,
                hostname=url.netloc.rpartition("@")[2],
                url=_written(spec),
            )
            for host, url, spec, weight in zip(hosts, known, specs, _weights(specs), strict=True)
            if weight
        ),
        resolution=Resolution.ENDPOINTS if scheme == SOCKET or all(map(is_address, hosts)) else Resolution.DNS,
        is_encrypted=scheme == "https",
        prefix=next(iter(prefixes), ""),
        authorities=tuple(url.netloc.rpartition("@")[2] for url in known),
        urls=tuple(map(_written, specs)),
    )


def _weights(specs: Sequence[ServerSpec]) -> list[int]:
    """The same in smaller numbers if they are too large."""
    written = [1 if spec.weight is None else spec.weight for spec in specs]
    total = sum(written)
    return [max(each * HEAVIEST // total, min(each, 1)) for each in written] if total > HEAVIEST else written


def _written(spec: ServerSpec) -> str:
    return spec.url or (f"{spec.scheme or 'http'}://127.0.0.1:{spec.port}" if spec.port else "")


def _url(part: Written, spec: ServerSpec, index: int) -> SplitResult | None:
    path = ("loadBalancer", "servers", index, "url")
    text = _written(spec)
    try:
        url = urlsplit(text)
        port = url.port
    except ValueError:
        url, port = urlsplit(""), None
    if url.scheme == SOCKET and url.path.startswith("/") and not url.netloc:
        return url
    if url.scheme not in PORTS or not url.hostname or port == 0:
        part.error(
            path,
            f"must be a URL such as http://10.0.0.1:8080 (http, https, h2c or unix), not {shown(text)}",
        )
        return None
    return url

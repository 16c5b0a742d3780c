"""Host names and patterns of them (`*.example.org`, `*`): what covers what, and which is the most specific."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator

ANY = "*"


def plain(host: str) -> str:
    """A host name in lower case and without a port."""
    name, _, port = host.lower().rpartition(":")
    return name if name and port.isdecimal() else host.lower()


def covers(pattern: str, host: str) -> bool:
    """Whether everything that `host` means is also meant by `pattern`. `*.a` covers `x.a` and `y.x.a`, not `a`."""
    return pattern in {ANY, host} or (pattern.startswith("*.") and host.endswith(pattern[1:]) and host != pattern[1:])


def common(one: str, other: str) -> str:
    """What both mean; empty if nothing."""
    if covers(one, other):
        return other
    return one if covers(other, one) else ""


def narrowed(hosts: Iterable[str], limits: Iterable[str]) -> tuple[str, ...]:
    """What both lists mean, each once."""
    known = tuple(limits)
    return tuple(dict.fromkeys(both for host in hosts for limit in known if (both := common(host, limit))))


def wider(host: str) -> Iterator[str]:
    """The host and every pattern that covers it, the most specific first."""
    yield host
    rest = host.removeprefix("*.")
    while "." in rest:
        rest = rest.partition(".")[2]
        yield f"*.{rest}"
    if host != ANY:
        yield ANY


def best(host: str, patterns: Container[str]) -> str | None:
    """The most specific of these patterns that covers a host."""
    return next((pattern for pattern in wider(host) if pattern in patterns), None)

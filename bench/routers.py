"""Files of Traefik with as many routers as one likes: what both gateways are given."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml

from bench.certificates import Pair

DOMAIN = "bench.test"
HOSTS_AND_PATHS = 4
"""Routers for each host in a mixture."""
SHA = "{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g="
BCRYPT = "$2y$05$YnN414/LgxJ57uZqhj57/.auyMthPhG9MQt/0ZbOoLMOacK3ng4bW"
"""`password`, as `htpasswd` writes it."""
PROOF = "Basic YW5uOnBhc3N3b3Jk"
MANY = 1_000_000
"""Requests in a second that nobody gets near to."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One request."""

    host: str
    path: str = "/"
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Routers:
    """Routers of one kind."""

    title: str
    count: int
    rule: Callable[[int], str]
    asked: Asked
    middlewares: Mapping[str, Any] = field(default_factory=dict)
    """All routers have all of them, in this order."""

    def dynamic(self, servers: Sequence[int], certificate: Pair, moved: int | None = None) -> str:
        """The dynamic file. All routers go to the first server, but the one that was moved to the second."""
        return yaml.dump(self._content(servers, certificate, moved), Dumper=yaml.CSafeDumper, sort_keys=False)

    def _content(self, servers: Sequence[int], certificate: Pair, moved: int | None) -> Mapping[str, Any]:
        routers = {
            f"r{number}": {"entryPoints": ["http"], **self._router(number, number == moved)}
            for number in range(self.count)
        }
        routers["secure"] = {"entryPoints": ["https"], **self._router(0, is_moved=False), "tls": {}}
        services = {f"s{number}": _service(port) for number, port in enumerate(servers)}
        http: dict[str, Any] = {"routers": routers, "services": services}
        if self.middlewares:
            http["middlewares"] = dict(self.middlewares)
        pair = {"certFile": str(certificate.certificate), "keyFile": str(certificate.key)}
        return {"http": http, "tls": {"certificates": [pair]}}

    def _router(self, number: int, is_moved: bool) -> dict[str, Any]:
        found: dict[str, Any] = {"rule": self.rule(number), "service": "s1" if is_moved else "s0"}
        return {**found, "middlewares": list(self.middlewares)} if self.middlewares else found


def _service(port: int) -> Mapping[str, Any]:
    return {"loadBalancer": {"servers": [{"url": f"http://127.0.0.1:{port}"}]}}


def static(http: int, https: int, file: str) -> str:
    """The static file: two entry points and the dynamic file, which is watched; otherwise as it comes."""
    return yaml.safe_dump(
        {
            "entryPoints": {"http": {"address": f"127.0.0.1:{http}"}, "https": {"address": f"127.0.0.1:{https}"}},
            "providers": {"file": {"filename": file}},
            "global": {"checkNewVersion": False, "sendAnonymousUsage": False},
            "log": {"level": "ERROR"},
        },
        sort_keys=False,
    )


def host_name(number: int) -> str:
    """Of the host with this number."""
    return f"host{number}.{DOMAIN}"


def by_host(count: int) -> Routers:
    """Each for a host of its own."""
    return Routers(
        f"{count:,} routers, Host" if count > 1 else "one router",
        count,
        lambda number: f"Host(`{host_name(number)}`)",
        Asked(host_name(count // 2)),
    )


def by_host_and_path(count: int) -> Routers:
    """Several for each host, told apart by their paths."""

    def rule(number: int) -> str:
        host, path = divmod(number, HOSTS_AND_PATHS)
        condition = f"Host(`{host_name(host)}`)"
        return f"{condition} && PathPrefix(`/part{path}`)" if path else condition

    asked = Asked(host_name(count // HOSTS_AND_PATHS // 2), "/part2/page")
    return Routers(f"{count:,} routers, Host && PathPrefix", count, rule, asked)


def by_path(count: int) -> Routers:
    """For every host."""
    asked = Asked(host_name(0), f"/part{count // 2}/page")
    return Routers(f"{count:,} routers without host", count, lambda number: f"PathPrefix(`/part{number}`)", asked)


def beside_hosts(count: int, wide: int) -> Routers:
    """Some for every host, the others each for one."""

    def rule(number: int) -> str:
        if number < wide:
            return f"PathPrefix(`/everywhere/part{number}`)"
        return f"Host(`{host_name(number)}`)"

    return Routers(f"{count:,} routers, {wide} without host", count, rule, Asked(host_name(count // 2)))


def chained(stored: str) -> Routers:
    """One, with five middlewares; `stored` is the hash of the password."""
    headers = {
        "customRequestHeaders": {"X-Team": "shop"},
        "customResponseHeaders": {"X-Frame-Options": "DENY", "X-Powered-By": ""},
    }
    middlewares = {
        "headers": {"headers": headers},
        "strip": {"stripPrefix": {"prefixes": ["/api"]}},
        "rate": {"rateLimit": {"average": MANY, "burst": MANY}},
        "auth": {"basicAuth": {"users": [f"ann:{stored}"]}},
        "compress": {"compress": {}},
    }
    asked = Asked(host_name(0), "/api/page", (("Authorization", PROOF), ("Accept-Encoding", "gzip")))
    name = "SHA" if stored == SHA else "bcrypt"
    return Routers(f"five middlewares, {name}", 1, by_host(1).rule, asked, middlewares)

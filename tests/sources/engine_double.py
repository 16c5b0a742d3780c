"""A small Docker engine: it has no containers, but answers about some, as the real one does.

Paths, forms and errors are those of the Engine API (1.24 to 1.51); its stream of events tells what tests say.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

REASONS = {
    200: "OK",
    400: "Bad Request",
    403: "Forbidden",
    404: "Not Found",
    500: "Internal Server Error",
    503: "Service Unavailable",
}


def identifier(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()


def container(
    name: str,
    labels: Mapping[str, str] | None = None,
    *,
    ports: Mapping[str, list[tuple[str, str]] | None] | None = None,
    networks: Mapping[str, str] | None = None,
    mode: str = "bridge",
    state: str = "running",
    health: str | None = None,
) -> dict[str, Any]:
    """What `GET /containers/<id>/json` answers."""
    shown = {"bridge": "172.17.0.2"} if networks is None else networks
    bound = {"80/tcp": None} if ports is None else ports
    return {
        "Id": identifier(name),
        "Created": "2026-01-02T03:04:05.678901234Z",
        "Path": "/whoami",
        "Args": [],
        "State": {
            "Status": state,
            "Running": state == "running",
            "Paused": state == "paused",
            "Restarting": False,
            "OOMKilled": False,
            "Dead": False,
            "Pid": 4242 if state == "running" else 0,
            "ExitCode": 0,
            "Error": "",
            "StartedAt": "2026-01-02T03:04:06.1Z",
            "FinishedAt": "0001-01-01T00:00:00Z",
            **({"Health": {"Status": health, "FailingStreak": 0, "Log": []}} if health else {}),
        },
        "Image": "sha256:" + identifier("image"),
        "Name": f"/{name}",
        "RestartCount": 0,
        "Driver": "overlay2",
        "Platform": "linux",
        "HostConfig": {"NetworkMode": mode, "PortBindings": {}, "AutoRemove": False},
        "Mounts": [],
        "Config": {
            "Hostname": identifier(name)[:12],
            "Env": [],
            "Image": "traefik/whoami",
            "Labels": dict(labels or {}),
        },
        "NetworkSettings": {
            "Bridge": "",
            "SandboxID": identifier(f"{name}-sandbox"),
            "Ports": {
                port: bindings and [{"HostIp": host, "HostPort": number} for host, number in bindings]
                for port, bindings in bound.items()
            },
            "Networks": {
                network: {
                    "IPAMConfig": None,
                    "Links": None,
                    "Aliases": None,
                    "NetworkID": identifier(network),
                    "EndpointID": identifier(f"{name}-{network}"),
                    "Gateway": "172.17.0.1",
                    "IPAddress": "" if ":" in address else address,
                    "IPPrefixLen": 16,
                    "IPv6Gateway": "",
                    "GlobalIPv6Address": address if ":" in address else "",
                    "GlobalIPv6PrefixLen": 0,
                    "MacAddress": "02:42:ac:11:00:02",
                    "DriverOpts": None,
                }
                for network, address in shown.items()
            },
        },
    }


def service(
    name: str,
    labels: Mapping[str, str] | None = None,
    *,
    vips: Mapping[str, str] | None = None,
    mode: str = "vip",
    is_global: bool = False,
) -> dict[str, Any]:
    """What `GET /services` has of a service."""
    return {
        "ID": identifier(name)[:25],
        "Version": {"Index": 10},
        "CreatedAt": "2026-01-02T03:04:05Z",
        "UpdatedAt": "2026-01-02T03:04:05Z",
        "Spec": {
            "Name": name,
            "Labels": dict(labels or {}),
            "TaskTemplate": {"ContainerSpec": {"Image": "traefik/whoami"}, "ForceUpdate": 0, "Runtime": "container"},
            "Mode": {"Global": {}} if is_global else {"Replicated": {"Replicas": 1}},
            "EndpointSpec": {"Mode": mode},
        },
        "Endpoint": {
            "Spec": {"Mode": mode},
            "VirtualIPs": [
                {"NetworkID": identifier(network)[:25], "Addr": address} for network, address in (vips or {}).items()
            ],
        },
    }


def task(
    of: str, slot: int, networks: Mapping[str, str], *, state: str = "running", node: str = "node-1"
) -> dict[str, Any]:
    """What `GET /tasks` has of a task."""
    return {
        "ID": identifier(f"{of}.{slot}")[:25],
        "Version": {"Index": 20},
        "CreatedAt": "2026-01-02T03:04:05Z",
        "UpdatedAt": "2026-01-02T03:04:05Z",
        "Spec": {"ContainerSpec": {"Image": "traefik/whoami"}},
        "ServiceID": identifier(of)[:25],
        "Slot": slot,
        "NodeID": node,
        "Status": {"Timestamp": "2026-01-02T03:04:06Z", "State": state, "Message": "started"},
        "DesiredState": "running",
        "NetworksAttachments": [
            {"Network": {"ID": identifier(network)[:25], "Spec": {"Name": network}}, "Addresses": [address]}
            for network, address in networks.items()
        ],
    }


def network(name: str) -> dict[str, Any]:
    """What `GET /networks` has of a network of a Swarm."""
    return {
        "Name": name,
        "Id": identifier(name)[:25],
        "Created": "2026-01-02T03:04:05Z",
        "Scope": "swarm",
        "Driver": "overlay",
        "EnableIPv6": False,
        "IPAM": {"Driver": "default", "Options": None, "Config": [{"Subnet": "10.0.1.0/24", "Gateway": "10.0.1.1"}]},
        "Internal": False,
        "Attachable": False,
        "Ingress": False,
        "ConfigFrom": {"Network": ""},
        "ConfigOnly": False,
        "Containers": None,
        "Options": {},
        "Labels": None,
    }


@dataclass
class EngineDouble:
    """What it answers about, and how well."""

    containers: dict[str, Any] = field(default_factory=dict)
    """By name."""
    services: list[Any] = field(default_factory=list)
    tasks: list[Any] = field(default_factory=list)
    networks: list[Any] = field(default_factory=list)
    api: str = "1.51"
    oldest: str = "1.24"
    answers: dict[str, bytes | int] = field(default_factory=dict)
    """By path without its version: instead of the right answer."""
    asked: list[str] = field(default_factory=list)
    headers: list[Mapping[str, str]] = field(default_factory=list)
    listeners: list[asyncio.StreamWriter] = field(default_factory=list)

    def put(self, *said: dict[str, Any]) -> None:
        for each in said:
            self.containers[each["Name"].removeprefix("/")] = each

    async def tell(self, action: str, name: str = "web", kind: str = "container") -> None:
        """An event, for everybody who listens."""
        event = {
            "status": action,
            "id": identifier(name),
            "Type": kind,
            "Action": action,
            "Actor": {"ID": identifier(name), "Attributes": {"name": name}},
            "scope": "local",
            "time": 1767323045,
            "timeNano": 1767323045123456789,
        }
        await self.say(json.dumps(event).encode() + b"\n")

    async def say(self, text: bytes) -> None:
        for writer in self.listeners:
            writer.write(b"%x\r\n%s\r\n" % (len(text), text))
            await writer.drain()

    def cut(self) -> None:
        """End every stream of events, in the middle."""
        for writer in self.listeners:
            writer.close()
        self.listeners.clear()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await self._one(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        line, *rest = head.split("\r\n")
        self.headers.append({name.lower(): value for name, _, value in (each.partition(": ") for each in rest if each)})
        method, target, _ = line.split(" ")
        self.asked.append(target)
        url = urlsplit(target)
        version, path = _versioned(unquote(url.path))
        if path in self.answers:
            return await self._instead(writer, self.answers[path])
        if version and _number(version) < _number(self.oldest):
            sentence = (
                f"client version {version} is too old. Minimum supported API version is {self.oldest}, "
                "please upgrade your client to a newer version"
            )
            return await _answer(writer, 400, {"message": sentence})
        if version and _number(version) > _number(self.api):
            return await _answer(
                writer,
                400,
                {"message": f"client version {version} is too new. Maximum supported API version is {self.api}"},
            )
        if path == "/events":
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
            self.listeners.append(writer)
            await reader.read()  # Until he goes.
            return False
        filters = json.loads(parse_qs(url.query).get("filters", ["{}"])[0])
        return await _answer(writer, *self._said(method, path, filters), api=self.api)

    def _said(self, method: str, path: str, filters: Mapping[str, Any]) -> tuple[int, Any]:
        if path == "/_ping":
            return 200, "OK" if method == "GET" else None
        if path == "/version":
            return 200, {
                "Platform": {"Name": "Docker Engine - Community"},
                "Version": "28.5.1",
                "ApiVersion": self.api,
                "MinAPIVersion": self.oldest,
                "Os": "linux",
                "Arch": "amd64",
            }
        if path == "/containers/json":
            return 200, [_listed(each) for each in self.containers.values()]
        if found := re.fullmatch("/containers/([^/]+)/json", path):
            wanted = found[1]
            each = next((each for name, each in self.containers.items() if wanted in (name, each["Id"])), None)
            return (200, each) if each else (404, {"message": f"No such container: {wanted}"})
        if path == "/services":
            return 200, self.services
        if path == "/tasks":
            wanted = _filtered(filters, "service")
            return 200, [each for each in self.tasks if wanted is None or each["ServiceID"] in wanted]
        if path == "/networks":
            return 200, self.networks
        node = {"ID": "node-1", "Status": {"State": "ready", "Addr": "192.0.2.7"}, "Spec": {"Role": "manager"}}
        if path == "/nodes":
            return 200, [node]
        if path == "/nodes/node-1":
            return 200, node
        return 404, {"message": "page not found"}

    async def _instead(self, writer: asyncio.StreamWriter, answer: bytes | int) -> bool:
        if isinstance(answer, bytes):
            await _answer(writer, 200, answer)
        elif answer:
            await _answer(writer, answer, {"message": "no"})
        return False  # 0: nothing at all.


def _filtered(filters: Mapping[str, Any], name: str) -> set[str] | None:
    """Clients write lists, or mappings to true."""
    return set(filters[name]) if name in filters else None


def _versioned(path: str) -> tuple[str, str]:
    found = re.match(r"/v([0-9]+\.[0-9]+)(/.*)", path)
    return (found[1], found[2]) if found else ("", path)


def _number(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


def _listed(each: dict[str, Any]) -> dict[str, Any]:
    return {
        "Id": each["Id"],
        "Names": [each["Name"]],
        "Image": "traefik/whoami",
        "State": each["State"]["Status"],
        "Status": "Up 2 minutes",
        "Labels": each["Config"]["Labels"],
        "Ports": [],
        "HostConfig": {"NetworkMode": each["HostConfig"]["NetworkMode"]},
        "NetworkSettings": {"Networks": each["NetworkSettings"]["Networks"]},
    }


async def _answer(writer: asyncio.StreamWriter, status: int, said: object, api: str = "") -> bool:
    content = said if isinstance(said, bytes) else b"OK" if said == "OK" else json.dumps(said).encode()
    content = b"" if said is None else content
    head = [f"HTTP/1.1 {status} {REASONS[status]}", "Content-Type: application/json", f"Content-Length: {len(content)}"]
    head += [f"Api-Version: {api}", "Ostype: linux", "Docker-Experimental: false"] if api else []
    writer.write("\r\n".join([*head, "", ""]).encode() + content)
    await writer.drain()
    return True


@asynccontextmanager
async def listening(double: EngineDouble, socket: Path) -> AsyncIterator[str]:
    """The engine at a Unix socket; its endpoint."""
    server = await asyncio.start_unix_server(double.serve, str(socket))
    try:
        yield f"unix://{socket}"
    finally:
        server.close()
        double.cut()
        socket.unlink(missing_ok=True)

"""A real gRPC server with the hosts service, on ports that the kernel chooses."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import grpc
import grpc.aio
import pytest

from tulle.api.credentials import ServerCertificate
from tulle.api.hosts import Hosts
from tulle.api.hosts_messages import HostReport
from tulle.identity.authority import Authority
from tulle.identity.tokens import Tokens
from tulle.model.mesh import Settings


@dataclass
class Registry:
    """Remembers what it was told."""

    settings: Settings = field(default_factory=lambda: Settings(trust_domain="mesh.test", certificate_lifetime=60.0))
    allowed: set[tuple[str, str, str]] = field(default_factory=set)
    events: list[tuple[str, str, object]] = field(default_factory=list)
    lost: asyncio.Event = field(default_factory=asyncio.Event)

    def may_sign(self, host: str, namespace: str, account: str) -> bool:
        return (host, namespace, account) in self.allowed

    def connected(self, host: str, role: str) -> None:
        self.events.append(("connected", host, role))

    def reported(self, report: HostReport) -> None:
        self.events.append(("reported", report.host, report.message))

    def disconnected(self, host: str) -> None:
        self.events.append(("disconnected", host, None))
        self.lost.set()


@dataclass
class Plane:
    """The two ports of a control plane."""

    authority: Authority
    tokens: Tokens
    registry: Registry
    hosts: Hosts
    enrolment: str = ""
    local: str = ""
    membership: str = ""


@pytest.fixture
async def plane(tmp_path: Path) -> AsyncIterator[Plane]:
    authority = Authority.open(tmp_path / "ca", trust_domain="mesh.test")
    tokens = Tokens(tmp_path / "tokens.json", authority.fingerprint)
    registry = Registry()
    plane = Plane(authority, tokens, registry, Hosts(authority, tokens, registry))
    certificate = ServerCertificate(authority, "mesh.test")
    open_to_all, members = grpc.aio.server(), grpc.aio.server()
    open_to_all.add_generic_rpc_handlers((plane.hosts.enrolment(),))
    members.add_generic_rpc_handlers((plane.hosts.membership(),))
    plane.enrolment = f"127.0.0.1:{open_to_all.add_secure_port('127.0.0.1:0', certificate.enrolment())}"
    plane.local = f"unix:{tmp_path}/join.sock"
    open_to_all.add_insecure_port(plane.local)
    plane.membership = f"127.0.0.1:{members.add_secure_port('127.0.0.1:0', certificate.membership())}"
    await open_to_all.start()
    await members.start()
    try:
        yield plane
    finally:
        await open_to_all.stop(0)
        await members.stop(0)

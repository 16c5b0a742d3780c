"""Agent, Envoys and plane die, alone and together, while requests are on their way."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import grpc.aio
import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import NameOID
from envoy.service.auth.v3.external_auth_pb2 import CheckRequest, CheckResponse

from tests.e2e.small_plane import SmallPlane, eventually, running
from tests.envoy.kitchen import free_port
from tulle.agent.consultant.authorizing import METHOD
from tulle.clients.envoy_admin import exchange
from tulle.envoy.bootstrap import CONSULTANT
from tulle.identity.keys import key_pem, new_key
from tulle.kit.home import Home
from tulle.model.consulting import QUESTION, Passwords, to_text
from tulle.model.documents import BUILT_IN
from tulle.model.listeners import Certificate, Listener, ListenerProtocol
from tulle.model.names import Name
from tulle.xds.snapshot import LISTENER

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]

CALL = "/call?url=http://back/"


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    home = Home(tmp_path / "home")
    yield home
    shutil.rmtree(home.sockets, ignore_errors=True)  # it may be outside of the home, for the sake of a short path


@asynccontextmanager
async def load(plane: SmallPlane) -> AsyncIterator[list[str]]:
    """Requests from the gateway through both sidecars, one after the other; yields those that failed."""
    failed: list[str] = []
    answered = 0

    async def send() -> None:
        nonlocal answered
        async with httpx.AsyncClient(timeout=10, trust_env=False) as client:
            while True:
                try:
                    response = await client.get(f"http://127.0.0.1:{plane.gateway}{CALL}")
                    if response.status_code != 200 or response.json()["status"] != 200:
                        failed.append(f"{response.status_code} {response.headers} {response.text}")
                except httpx.HTTPError as error:
                    failed.append(repr(error))
                answered += 1

    async with asyncio.TaskGroup() as tasks:
        senders = [tasks.create_task(send()) for _ in range(2)]
        yield failed
        for sender in senders:
            sender.cancel()
    assert answered > 20


async def calls(plane: SmallPlane) -> bool:
    response = await plane.get(CALL)
    return response.status_code == 200 and bool(response.json()["status"] == 200)


def is_synced(plane: SmallPlane) -> bool:
    assert plane.publisher is not None
    connected = plane.publisher.connected
    return len(connected) == len(plane.names) + 1 and all(proxy.session.is_synced for proxy in connected.values())


async def counters(plane: SmallPlane, proxy: str) -> dict[str, int]:
    """How often an Envoy was given something new."""
    record = json.loads((plane.home.agent / "proxies" / proxy / "bootstrap.json").read_text())
    admin = Path(record["admin"]["address"]["pipe"]["path"])
    found = json.loads(
        await exchange(admin, "GET", "/stats?format=json&filter=(modified|updated|added|removed|created)$")
    )
    return {each["name"]: each["value"] for each in found["stats"] if "name" in each}


async def test_agent_and_plane_are_replaced_without_a_failed_request_and_without_a_resend(home: Home) -> None:
    async with running(home) as plane:
        await eventually(lambda: calls(plane))
        envoys = plane.envoys()
        before = {proxy: await counters(plane, proxy) for proxy in envoys}
        async with load(plane) as failed:
            await plane.kill_agent()
            plane.reported = None
            await plane.start_agent()
            await eventually(lambda: len(plane.instances) == 2 and is_synced(plane), what="the new agent")
            await plane.stop()
            await eventually(lambda: "the control plane is away" in plane.log.read_text())
            await plane.start()
            await eventually(lambda: is_synced(plane), what="the new plane")
        assert failed == []
        assert plane.envoys() == envoys
        assert {proxy: await counters(plane, proxy) for proxy in envoys} == before


async def test_envoys_that_start_while_everybody_is_away_serve_what_they_had(home: Home) -> None:
    async with running(home) as plane:
        await eventually(lambda: calls(plane))
        await plane.stop()
        for pid in plane.envoys().values():
            os.kill(pid, 9)
        async with asyncio.timeout(4):  # 2 on a machine of its own
            await eventually(lambda: calls(plane), what="killed Envoys serve again")

        envoys = plane.envoys()
        await plane.kill_agent()
        for pid in envoys.values():
            os.kill(pid, 9)
        await plane.start_agent()
        await eventually(lambda: calls(plane), what="Envoys of a new agent")
        await plane.start()
        await eventually(lambda: is_synced(plane))


async def test_the_gateway_is_advised_by_every_agent(home: Home) -> None:
    async def is_advised() -> bool:
        request = CheckRequest()
        request.attributes.context_extensions[QUESTION] = to_text(Passwords(id="x"))
        async with grpc.aio.insecure_channel(f"unix:{home.consultant_socket}") as channel:
            try:
                answer = await channel.unary_unary(METHOD)(request.SerializeToString(), timeout=1)
            except grpc.aio.AioRpcError:
                return False
        return bool(CheckResponse.FromString(answer).denied_response.status.code == 401)

    async with running(home) as plane:
        await eventually(lambda: calls(plane), what="the gateway")
        await eventually(is_advised, what="the consultant")
        for proxy in plane.envoys():
            start = json.loads((plane.home.agent / "proxies" / proxy / "bootstrap.json").read_text())
            known = {each["name"] for each in start["static_resources"]["clusters"]}
            assert (CONSULTANT in known) == proxy.startswith("gateway-")
        await plane.kill_agent()
        assert not await is_advised()
        # The Envoy is adopted, and asks at once.
        await plane.start_agent()
        await eventually(is_advised, what="the next consultant")


async def test_a_call_to_an_unknown_host_while_the_plane_is_away_is_answered_with_the_reason(home: Home) -> None:
    async with running(home, names=("web", "back", "late")) as plane:
        await plane.stop()
        response = await plane.call("late")
        assert response.status_code == 503
        assert "control plane is away" in response.headers["x-tulle-reason"]
        await plane.start()

        async def is_found() -> bool:
            return (await plane.call("late")).status_code == 200

        await eventually(is_found, what="the real host")


async def test_certificates_rotate_under_load_and_outlive_a_plane_that_does_not_sign(home: Home) -> None:
    async with running(home, lifetime=6.0) as plane:
        await eventually(lambda: calls(plane))
        async with load(plane) as failed:
            await eventually(lambda: plane.log.read_text().count("sa/web valid until") >= 4, what="rotations")
            assert failed == []
        await plane.stop()
        await eventually(lambda: "could not be renewed" in plane.log.read_text(), what="a complaint")
        await eventually(lambda: "expired" in plane.log.read_text(), what="expiry")
        await plane.start()
        await eventually(lambda: is_synced(plane))
        await eventually(lambda: calls(plane))
        await eventually(lambda: plane.reported is not None and not plane.reported.message)


async def test_the_end_of_the_lifeline_ends_everything(home: Home) -> None:
    async with running(home) as plane:
        assert plane.agent is not None
        plane.cut_lifeline()
        assert await asyncio.wait_for(plane.agent.wait(), 15) == 0
        assert plane.processes() == []


async def test_a_port_in_use_is_refused_at_its_listener_and_tried_again(home: Home) -> None:
    with closing(socket.socket()) as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        taken = Listener(name=Name("default", "taken"), origin=BUILT_IN, port=port)
        async with running(home, listeners=(taken,)) as plane:
            assert plane.publisher is not None
            gateway = plane.publisher.connected["gateway-here"].session
            refused = (LISTENER, f"gateway|127.0.0.1:{port}")
            await eventually(lambda: refused in gateway.refused)
            assert "in use" in gateway.refused[refused].message
            other.close()

            async def is_there() -> bool:
                return (await plane.get(port=port)).status_code == 200

            await eventually(is_there, what="the listener once its port is free", within=30)
            await eventually(lambda: not gateway.refused)


def write_certificate(directory: Path, name: str) -> None:
    key, now = new_key(), datetime.now(UTC)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now - timedelta(hours=1)).not_valid_after(now + timedelta(hours=1))
    certificate = builder.sign(key, hashes.SHA256())
    (directory / "key.pem").write_bytes(key_pem(key))
    (directory / "certificate.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))


def served_name(port: int) -> str:
    """Common name of the certificate that is served."""
    pem = ssl.get_server_certificate(("127.0.0.1", port), timeout=5)
    subject = x509.load_pem_x509_certificate(pem.encode()).subject
    return str(subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)


async def test_a_certificate_of_the_gateway_is_served_again_when_its_files_change(home: Home, tmp_path: Path) -> None:
    port = free_port()
    secure = Listener(
        name=Name("default", "https"),
        origin=BUILT_IN,
        port=port,
        protocol=ListenerProtocol.HTTPS,
        certificates=(
            Certificate(certificate_file=str(tmp_path / "certificate.pem"), key_file=str(tmp_path / "key.pem")),
        ),
    )
    async with running(home, listeners=(secure,)) as plane:
        await eventually(lambda: plane.reported is not None and "certificate.pem" in plane.reported.message)
        assert (await plane.get()).status_code == 200
        for name in ("first", "second"):
            write_certificate(tmp_path, name)
            await eventually(lambda: asyncio.to_thread(served_name, port), what="TLS")

            async def is_served(name: str = name) -> bool:
                return await asyncio.to_thread(served_name, port) == name

            await eventually(is_served, what=name)
        await eventually(lambda: plane.reported is not None and not plane.reported.message)

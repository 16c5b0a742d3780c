from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tulle.kit import processes
from tulle.kit.ports import Ports
from tulle.model.names import Name
from tulle.model.services import Protocol
from tulle.model.workloads import Binding, Instance, InstanceState, Probe
from tulle.runtime.probes import Subject, probed, problem


def binding(application: str, protocol: Protocol = Protocol.HTTP, name: str = "http") -> Binding:
    return Binding(name=name, protocol=protocol, address="127.0.0.1", port=1, application=application)


def subject(*bindings: Binding, directory: str = "/tmp", **environment: str) -> Subject:
    name = Name("default", "web")
    instance = Instance(
        id="web-1",
        workload=name,
        service=name,
        host="here",
        account="web",
        state=InstanceState.STARTING,
        bindings=bindings,
    )
    return Subject(instance=instance, directory=directory, environment={"PATH": os.environ["PATH"], **environment})


@asynccontextmanager
async def answering(answer: bytes, path: str = "") -> AsyncIterator[str]:
    """A server that answers everything alike; its address."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if await reader.read(1024):
            writer.write(answer)
        writer.close()

    server = await (asyncio.start_unix_server(serve, path) if path else asyncio.start_server(serve, "127.0.0.1", 0))
    async with server:
        yield path or "127.0.0.1:{1}".format(*server.sockets[0].getsockname())


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\n", ""),
        (b"HTTP/1.0 302 Found\r\n\r\n", ""),
        (b"HTTP/1.1 503 Service Unavailable\r\n\r\n", "GET /ready on port http was answered 503"),
        (b"SSH-2.0 200\r\n", "GET /ready on port http was not answered by HTTP/1"),
        (b"HTTP/1.1 many\r\n", "GET /ready on port http was not answered by HTTP/1"),
        (b"", "GET /ready on port http was not answered by HTTP/1"),
        (b"x" * 100_000, "GET /ready on port http was not answered by HTTP/1"),
    ],
)
async def test_status_decides_over_http(answer: bytes, expected: str) -> None:
    async with answering(answer) as address:
        assert await problem(Probe(path="/ready"), subject(binding(address))) == expected


async def test_unix_sockets_are_probed(tmp_path: Path) -> None:
    async with answering(b"HTTP/1.1 200 OK\r\n\r\n", str(tmp_path / "app")) as address:
        assert await problem(Probe(path="/ready"), subject(binding(address))) == ""
        assert await problem(Probe(), subject(binding(address))) == ""
    gone = str(tmp_path / "gone")
    trouble = await problem(Probe(), subject(binding(gone)))
    assert trouble == f"nothing listens on port http ({gone}), which is SOCKET in its environment"


@pytest.mark.parametrize("answer", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\0\0\1\1\4\0\0\0\1\x41"])
async def test_what_is_no_http2_is_said(answer: bytes) -> None:
    async with answering(answer) as address:
        trouble = await problem(Probe(path="/"), subject(binding(address, Protocol.HTTP2)))
    assert trouble == "GET / on port http was not answered by HTTP/2"


@pytest.mark.e2e
async def test_status_decides_over_http2_of_a_real_server(tmp_path: Path) -> None:
    ports = Ports()
    port = ports.choose()
    ports.release(port)
    config = tmp_path / "envoy.json"
    config.write_text(json.dumps(envoy_that_answers(port)))
    binary = Path(sys.prefix) / "lib/python3.11/site-packages/envoy/_bin/envoy"
    envoy = processes.spawn(
        (str(binary), "-c", str(config), "--concurrency", "1", "--use-dynamic-base-id"), output=tmp_path / "log"
    )
    try:
        target = subject(binding(f"127.0.0.1:{port}", Protocol.HTTP2))
        async with asyncio.timeout(30):
            while await problem(Probe(path="/ready"), target):
                await asyncio.sleep(0.05)
        for path, status in (("/busy", 503), ("/teapot", 418), ("/missing", 404)):
            assert await problem(Probe(path=path), target) == f"GET {path} on port http was answered {status}"
    finally:
        await processes.terminate(envoy, 0)


def envoy_that_answers(port: int) -> dict[str, object]:
    """A static configuration: cleartext HTTP/2, one status for each path."""
    statuses = {"/ready": 200, "/busy": 503, "/teapot": 418, "/missing": 404}
    routes = [{"match": {"path": path}, "direct_response": {"status": s}} for path, s in statuses.items()]
    extensions = "type.googleapis.com/envoy.extensions.filters"
    router = {"name": "router", "typed_config": {"@type": f"{extensions}.http.router.v3.Router"}}
    connections = {
        "@type": f"{extensions}.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "test",
        "codec_type": "HTTP2",
        "http_filters": [router],
        "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": routes}]},
    }
    address = {"socket_address": {"address": "127.0.0.1", "port_value": port}}
    chain = {"filters": [{"name": "http", "typed_config": connections}]}
    return {"static_resources": {"listeners": [{"name": "test", "address": address, "filter_chains": [chain]}]}}


async def test_connection_is_enough_without_a_path() -> None:
    async with answering(b"") as address:
        assert await problem(Probe(), subject(binding(address, Protocol.TCP))) == ""


async def test_port_that_nobody_listens_on_is_named_as_the_application_knows_it(fresh_port: int) -> None:
    target = subject(binding(f"127.0.0.1:{fresh_port}"), binding(f"127.0.0.1:{fresh_port}", name="admin-ui"))
    place = f"(127.0.0.1:{fresh_port}), which is"
    assert await problem(Probe(path="/"), target) == f"nothing listens on port http {place} PORT in its environment"
    trouble = await problem(Probe(port="admin-ui"), target)
    assert trouble == f"nothing listens on port admin-ui {place} PORT_ADMIN_UI in its environment"


async def test_unreachable_address_is_said(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    trouble = await problem(Probe(), subject(binding(str(file / "socket"))))
    assert trouble == f"port http ({file}/socket) is not reachable: Not a directory"


async def test_silent_server_is_not_waited_for() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
        trouble = await problem(Probe(path="/", timeout=0.1), subject(binding(address)))
    assert trouble == f"port http ({address}) did not answer within 0.1 s"


async def test_exit_status_of_a_command_decides() -> None:
    assert await problem(Probe(command='[ "$COLOUR" = mauve ]'), subject(COLOUR="mauve")) == ""
    assert await problem(Probe(command="exit 4"), subject()) == "its probe command ended with exit status 4"
    trouble = await problem(Probe(command="true"), subject(directory="/no/such/place"))
    assert trouble == "its probe cannot be run: the directory /no/such/place does not exist"


async def test_slow_command_is_ended() -> None:
    marker = f"slow-{os.getpid()}"
    trouble = await problem(Probe(command="sleep 60", timeout=0.1), subject(TULLE_PROBED=marker))
    assert trouble == "its probe command did not answer within 0.1 s"
    assert processes.find("TULLE_PROBED", frozenset({marker})) == {}


async def test_command_is_not_taken_for_the_instance() -> None:
    assert await problem(Probe(command='[ -z "$TULLE_INSTANCE" ]'), subject(TULLE_INSTANCE="web-1")) == ""


async def test_bound_udp_port_is_ready(fresh_port: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        target = subject(binding(f"127.0.0.1:{server.getsockname()[1]}", Protocol.UDP, "dns"))
        assert await problem(Probe(), target) == ""
    trouble = await problem(Probe(), target)
    assert trouble.startswith("nothing listens on UDP port dns (127.0.0.1:") and trouble.endswith(") yet")


async def test_instance_without_ports_is_ready_as_long_as_it_runs() -> None:
    assert await problem(Probe(), subject()) == ""


def test_port_that_is_asked() -> None:
    dns, db = binding("127.0.0.1:1", Protocol.UDP, "dns"), binding("127.0.0.1:2", Protocol.TCP, "db")
    web = binding("127.0.0.1:3", Protocol.HTTP, "web")
    instance = subject(dns, db, web).instance
    assert probed(Probe(path="/"), instance) is web
    assert probed(Probe(), instance) is db
    assert probed(Probe(port="web"), instance) is web
    assert probed(Probe(port="gone"), instance) is None
    assert probed(Probe(), subject(dns).instance) is dns

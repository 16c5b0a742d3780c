"""Listeners of the gateway that share ports, on a real Envoy: server names, forms of TLS, isolation, shares."""

from __future__ import annotations

import asyncio
import http.client
import http.server
import socket
import socketserver
import ssl
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, suppress
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import grpc
import psutil
import pytest

from tests.e2e import small_plane
from tests.e2e.applications import Server, grpc_application, http_application, served
from tests.e2e.entrances import (
    HTTPS,
    PORTS,
    Big,
    Named,
    NamedUdp,
    TlsServer,
    World,
    client_files,
    encrypted,
    listener,
    named,
    server_context,
    shop,
    shown,
    written,
)
from tests.e2e.machine import eventually
from tests.e2e.mini import Plane, running
from tests.envoy.kitchen import free_port
from tests.envoy.pki import Pki
from tulle.identity.authority import Authority
from tulle.identity.keys import key_pem, new_key, request
from tulle.kit.home import Home
from tulle.model.objects import Secret
from tulle.model.security import Identity

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    directory = tmp_path_factory.mktemp("listeners")
    servers, clients = Pki("servers"), Pki("clients")
    with ExitStack() as stack:
        ports = {name: stack.enter_context(http_application(name)) for name in ("v1", "v2")}
        ports["big"] = stack.enter_context(served(Server(("127.0.0.1", 0), Big)))
        ports["grpc"] = stack.enter_context(grpc_application())
        for name in ("tcp-a", "tcp-b"):
            ports[name] = stack.enter_context(served(Server(("127.0.0.1", 0), named(Named, name))))
        for name in ("udp-a", "udp-b"):
            ports[name] = stack.enter_context(served(socketserver.UDPServer(("127.0.0.1", 0), named(NamedUdp, name))))
        for name in ("tls-a", "tls-b"):
            context = server_context(servers, directory, name, "pass.org", "*.pass.org", "*.default.svc.cluster.local")
            ports[name] = stack.enter_context(served(TlsServer(name, context)))
        ports |= {name: free_port() for name in PORTS} | {"udp": free_port(socket.SOCK_DGRAM)}
        authority = Authority.open(directory / "ca", trust_domain="cluster.local")
        pinned = client_files(Pki("unknown"), directory, "pinned.client")
        digest = sha256(ssl.PEM_cert_to_DER_cert(Path(pinned[0]).read_text())).hexdigest()
        plane = Plane(shop(ports, servers, clients, digest), (), authority)
        with running(plane, ("gateway-here",), directory):
            found = World(ports, plane, servers, clients, directory, pinned)
            eventually(lambda: found.secure("tls", "second.org")[0] == 200, what="the gateway serves")
            eventually(lambda: found.get("isolated", "x").status == 200, what="the gateway serves")
            yield found
        assert plane.refusals == {}


@pytest.mark.parametrize(
    ("host", "status", "name"),
    [
        ("other.org", 200, "v1"),
        ("a.example.com", 200, "v2"),
        ("A.Example.com:80", 200, "v2"),
        ("foo.example.com", 404, ""),
        ("moved.example.com", 301, ""),
        ("example.com", 200, "v1"),
    ],
)
def test_a_request_belongs_to_the_most_specific_listener_of_its_port(
    world: World, host: str, status: int, name: str
) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", world.ports["isolated"], timeout=10)
    with closing(connection):
        connection.request("GET", "/", headers={"host": host})
        answer = connection.getresponse()
        assert answer.status == status
        assert name in answer.read().decode()
        assert status != 404 or answer.headers["x-tulle-reason"]


@pytest.mark.parametrize(
    ("name", "host", "status", "seen"),
    [
        ("any.org", "any.org", 200, b'"v1"'),
        ("any.org", "second.org", 421, b""),
        ("any.org", "unknown.org", 200, b'"v1"'),
        ("second.org", "second.org", 200, b'"v2"'),
        ("second.org", "any.org", 421, b""),
        ("third.wild.org", "fifth.wild.org", 200, b'"v1"'),
        ("third.wild.org", "fourth.wild.org", 421, b""),
        ("third.wild.org", "second.org", 421, b""),
        ("fourth.wild.org", "fourth.wild.org", 200, b'"v2"'),
        ("fourth.wild.org", "fifth.wild.org", 421, b""),
    ],
)
def test_server_name_and_host_agree(world: World, name: str, host: str, status: int, seen: bytes) -> None:
    found, body = world.secure("tls", name, host)
    assert found == status
    assert seen in body


@pytest.mark.parametrize(
    ("name", "seen"),
    [("pass.org", b"tls-a"), ("x.pass.org", b"tls-b"), ("a.term.org", b"tcp-a"), ("b.term.org", b"tcp-b")],
)
def test_tls_is_passed_on_or_ended_by_server_name(world: World, name: str, seen: bytes) -> None:
    assert world.said("tls", name) == seen


def test_a_server_name_without_a_route_is_not_left_to_a_less_specific_listener(world: World) -> None:
    with pytest.raises((ssl.SSLError, OSError)):
        world.tls("tls", "lonely.org")


def test_certificates_of_clients(world: World) -> None:
    good = client_files(world.clients, world.directory, "good.client")
    bad = client_files(Pki("nobody"), world.directory, "bad.client")
    for name, files, expected in (
        ("required.org", None, False),
        ("required.org", good, True),
        ("required.org", bad, False),
        ("optional.org", None, True),
        ("optional.org", good, True),
        ("optional.org", bad, False),
        ("unverified.org", None, True),
        ("unverified.org", bad, True),
        ("named.org", good, True),
        ("pinned.org", world.pinned, True),
        ("pinned.org", good, False),
        ("named.org", client_files(world.clients, world.directory, "other.client"), False),
    ):
        assert _passes(world, name, files) is expected, (name, files)
    seen = world.secure("mutual", "unverified.org", files=bad)[1]
    assert b"bad.client" in seen
    assert b"x-forwarded-client-cert" not in world.secure("mutual", "optional.org")[1]


def _passes(world: World, name: str, files: tuple[str, str] | None) -> bool:
    try:
        return world.secure("mutual", name, files=files)[0] == 200
    except (OSError, IndexError):
        return False


def test_versions_and_ciphers_of_tls(world: World) -> None:
    def only(version: ssl.TLSVersion) -> Callable[[ssl.SSLContext], None]:
        def change(context: ssl.SSLContext) -> None:
            context.minimum_version = context.maximum_version = version

        return change

    old, new = only(ssl.TLSVersion.TLSv1_2), only(ssl.TLSVersion.TLSv1_3)
    assert world.secure("versions", "old.org", change=old)[0] == 200
    assert world.secure("versions", "new.org", change=new)[0] == 200
    for name, change in (("old.org", new), ("new.org", old)):
        with pytest.raises(ssl.SSLError):
            world.tls("versions", name, change=change)
    with world.tls("versions", "cipher.org") as connection:
        assert connection.cipher()[0] == "ECDHE-ECDSA-AES256-GCM-SHA384"  # type: ignore[index]


def test_connections_are_shared_by_weight_and_what_is_missing_keeps_its_share(world: World) -> None:
    seen = Counter(world.bytes("tcp") for _ in range(1000))
    assert set(seen) == {b"tcp-a", b"tcp-b", b""}
    assert 540 < seen[b"tcp-a"] < 660
    assert 150 < seen[b"tcp-b"] < 250
    assert 150 < seen[b""] < 250


def test_datagrams_are_shared_by_weight(world: World) -> None:
    seen: Counter[bytes] = Counter()
    for _ in range(1000):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.settimeout(10)
            client.sendto(b"?", ("127.0.0.1", world.ports["udp"]))
            seen[client.recv(100)] += 1
    assert 650 < seen[b"udp-a"] < 850
    assert seen[b"udp-a"] + seen[b"udp-b"] == 1000


def test_one_port_takes_http_and_bytes_and_tls(world: World) -> None:
    assert world.get("mixed", "x").status == 200
    assert world.bytes("mixed") == b"tcp-a"
    assert world.bytes("mixed", b"\x01\x02\x03\x04 no http at all\n") == b"tcp-a"
    assert world.secure("mixed", "mixed.org")[0] == 200


def test_a_server_name_can_say_the_cluster(world: World) -> None:
    name = "outbound_.80_._.tls-b.default.svc.cluster.local"
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with encrypted(context, world.ports["auto"], name) as connection:
        assert connection.recv(100) == b"tls-b"


def test_workloads_of_the_mesh_come_with_their_certificates(world: World) -> None:
    key = new_key()
    chain = world.plane.authority.sign(request(key), Identity("cluster.local", "default", "web"), 3600)
    files = written(world.directory, "web", chain, key_pem(key))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    for certificate in (None, files):
        if certificate is not None:
            context.load_cert_chain(*certificate)
        answer = b""
        with suppress(ssl.SSLError, OSError), encrypted(context, world.ports["mesh"]) as connection:
            connection.sendall(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
            answer = connection.recv(100)
        assert (b" 200 " in answer) is (certificate is not None)


@pytest.mark.parametrize("name", ["bad.org", "absent.org"])
def test_a_broken_secret_closes_only_its_own_connections(world: World, name: str) -> None:
    with pytest.raises((ssl.SSLError, OSError)):
        world.tls("broken", name)
    assert world.secure("broken", "other.org")[0] == 200


def test_a_secret_rotates_under_load_without_a_failure(world: World) -> None:
    before = world.plane.mesh
    listeners = dict(world.plane.sessions["gateway-here"].accepted)
    versions = {url: dict(held) for url, held in listeners.items() if url.endswith("Listener")}
    failures: list[BaseException | int] = []
    stop = threading.Event()
    count = 0

    def load() -> None:
        nonlocal count
        while not stop.is_set():
            count += 1
            try:
                status = world.secure("tls", "second.org")[0]
                if status != 200:
                    failures.append(status)
            except (OSError, ValueError, IndexError) as error:
                failures.append(error)

    threads = [threading.Thread(target=load) for _ in range(4)]
    for thread in threads:
        thread.start()
    with world.tls("tls", "second.org") as kept:
        for _ in range(5):
            new = world.servers.secret("second", "second.org")
            world.plane.change(replace(before, secrets={**before.secrets, new.name: new}))
            leaf = ssl.PEM_cert_to_DER_cert(new.get("tls.crt").decode())
            eventually(lambda leaf=leaf: _served(world) == leaf, what="the new certificate is served")  # type: ignore[misc]
            seen = count
            eventually(lambda seen=seen: count > seen + 20, what="some more requests")  # type: ignore[misc]
        kept.sendall(b"GET / HTTP/1.1\r\nhost: second.org\r\n\r\n")
        assert b" 200 " in kept.recv(100)
    stop.set()
    for thread in threads:
        thread.join()
    world.plane.change(before)
    assert failures == []
    now = world.plane.sessions["gateway-here"].accepted
    assert {url: dict(held) for url, held in now.items() if url.endswith("Listener")} == versions


def _served(world: World) -> bytes:
    with world.tls("tls", "second.org") as connection:
        return connection.getpeercert(True) or b""


async def test_secrets_pass_an_agent_and_survive_it(tmp_path: Path) -> None:
    pki, port = Pki(), free_port()
    shown_here = listener("secure", port, HTTPS, **shown("any"))
    first, second = (pki.secret("any", "localhost") for _ in range(2))
    context = ssl.create_default_context(cadata=pki.ca.decode())
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT

    def served() -> bytes:
        with encrypted(context, port, "localhost") as connection:
            return connection.getpeercert(True) or b""

    def is_served(secret: Secret) -> bool:
        return served() == ssl.PEM_cert_to_DER_cert(secret.get("tls.crt").decode())

    async with small_plane.running(Home(tmp_path), listeners=(shown_here,), secrets=(first,)) as plane:
        await small_plane.eventually(lambda: asyncio.to_thread(is_served, first), what="the certificate")
        assert plane.publisher is not None
        plane.secrets = (second,)
        plane.publisher.update(plane.mesh())
        await small_plane.eventually(lambda: asyncio.to_thread(is_served, second), what="the new certificate")
        (good,) = (plane.home.agent / "proxies").glob("gateway-*/last-good.db")
        assert {file.stat().st_mode & 0o077 for file in good.parent.glob("last-good.db*")} == {0}
        await plane.stop()
        await plane.kill_agent()
        psutil.Process(plane.envoys()[good.parent.name]).kill()
        await plane.start_agent()
        await small_plane.eventually(lambda: asyncio.to_thread(is_served, second), what="the last good certificate")
        await plane.start()


def test_a_hundred_megabytes_pass_both_ways_and_trailers_after_them(world: World) -> None:
    size = 100 << 20
    with closing(http.client.HTTPConnection("127.0.0.1", world.ports["isolated"], timeout=60)) as connection:
        parts = (bytes(1 << 20) for _ in range(100))
        connection.request("POST", "/", parts, {"host": "big.org", "content-length": str(size)})
        assert connection.getresponse().read() == str(size).encode()
    with socket.create_connection(("127.0.0.1", world.ports["isolated"]), timeout=60) as plain:
        plain.sendall(b"GET /100 HTTP/1.1\r\nhost: big.org\r\nconnection: close\r\n\r\n")
        count, end = 0, b""
        while data := plain.recv(1 << 20):
            count, end = count + len(data), (end + data)[-100:]
    assert count > size
    assert b"x-sum: 7" in end


def test_continue_is_said_and_connect_is_answered(world: World) -> None:
    request = b"POST / HTTP/1.1\r\nhost: big.org\r\ncontent-length: 3\r\nexpect: 100-continue\r\n\r\n"
    with socket.create_connection(("127.0.0.1", world.ports["isolated"]), timeout=10) as plain:
        plain.sendall(request)
        assert plain.recv(1000).startswith(b"HTTP/1.1 100 Continue")
        plain.sendall(b"abc")
        assert b" 200 " in plain.recv(1000)
    with socket.create_connection(("127.0.0.1", world.ports["isolated"]), timeout=10) as plain:
        plain.sendall(b"CONNECT big.org:80 HTTP/1.1\r\nhost: big.org:80\r\n\r\n")
        answer = plain.recv(1000)
        assert answer.startswith(b"HTTP/1.1 404")
        assert b"x-tulle-reason: " in answer


def test_http2_without_tls_passes(world: World) -> None:
    options = [("grpc.default_authority", "grpc.org")]
    with grpc.insecure_channel(f"127.0.0.1:{world.ports['isolated']}", options=options) as channel:
        assert channel.unary_unary("/demo.Echo/Say")(b"hi", timeout=10) == b"hi!"

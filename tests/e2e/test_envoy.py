"""Real Envoys accept everything that the compiler makes, and do with it what was meant."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import grpc
import pytest
from cryptography import x509

from tests.e2e.applications import applications
from tests.e2e.machine import Answer, eventually
from tests.e2e.mini import Plane, running
from tests.envoy.decoded import decoded
from tests.envoy.kitchen import instances, kitchen
from tulle.agent.binary import envoy_binary
from tulle.envoy.bootstrap import bootstrap
from tulle.envoy.compile import compile_gateway, compile_sidecar
from tulle.identity.authority import Authority, ServerNames
from tulle.identity.keys import key_pem, new_key, request
from tulle.model.mesh import Settings
from tulle.model.security import Identity
from tulle.xds.messages import Node
from tulle.xds.snapshot import CLUSTER, LISTENER

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]
PROXIES = tuple(f"{name}-v1" for name in ("web", "stranger", "catalogue", "ratings", "db", "guarded", "limited"))


@dataclass(frozen=True)
class World:
    ports: dict[str, int]
    plane: Plane

    def call(
        self, url: str, method: str = "GET", body: str = "", *, caller: str = "outbound", **headers: str
    ) -> Answer:
        """A request of an application through its sidecar, or of anybody to the gateway."""
        with closing(http.client.HTTPConnection("127.0.0.1", self.ports[caller], timeout=10)) as connection:
            connection.request(method, url, body or None, {k.replace("_", "-"): v for k, v in headers.items()})
            return Answer.of(connection.getresponse())

    def shop(self, path: str, host: str = "shop.example", **headers: str) -> Answer:
        return self.call(path, caller="gateway-http", host=host, **headers)

    def connect(self, authority: str, *, version: str = "1.1") -> tuple[bytes, socket.socket]:
        """The answer to a CONNECT, and the connection after it."""
        connection = socket.create_connection(("127.0.0.1", self.ports["outbound"]), timeout=10)
        connection.sendall(f"CONNECT {authority} HTTP/{version}\r\nHost: {authority}\r\n\r\n".encode())
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += connection.recv(1)
        return answer, connection


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    directory = tmp_path_factory.mktemp("envoys")
    authority = Authority.open(directory / "ca", trust_domain="cluster.local")
    with applications() as ports:
        plane = Plane(kitchen(ports), instances(ports), authority, _certificates(authority))
        with running(plane, (*PROXIES, "catalogue-v2", "gateway-here"), directory):
            found = World(ports, plane)
            for listener in ("outbound", "stranger", "gateway-http", "gateway-https"):
                eventually(lambda name=listener: _is_open(ports[name]), what=f"{listener} is open")  # type: ignore[misc]
            eventually(lambda: found.call("http://catalogue/").status == 200 and found.shop("/").status == 200)
            yield found
        assert plane.refusals == {}


def _is_open(port: int) -> bool:
    with closing(socket.create_connection(("127.0.0.1", port), timeout=1)):
        return True


def _certificates(authority: Authority) -> dict[str, tuple[bytes, bytes]]:
    made = {}
    for name in ("a", "b"):
        key = new_key()
        chain = authority.sign(request(key), Identity("x", "x", name), 3600, ServerNames(dns=(f"{name}.example",)))
        made[f"certificate|/{name}.pem|/{name}.key"] = (chain, key_pem(key))
    return made


def test_envoy_validates_what_was_compiled(tmp_path: Path) -> None:
    with applications() as ports:
        mesh, caller = kitchen(ports), instances(ports)[0]
        demand = frozenset(each.name.name for each in mesh.services.values()) | {"example.org", "db:5432", "nope"}
        for snapshot in (compile_sidecar(mesh, caller, demand), compile_gateway(mesh)):
            start = bootstrap(Node("x", "x", {}), xds_socket="/x", admin_socket=str(tmp_path / "admin"))
            static = start["static_resources"]
            assert isinstance(static, dict)
            static["clusters"] += [decoded(each) for each in snapshot.table(CLUSTER).values()]
            static["listeners"] = [decoded(each) for each in snapshot.table(LISTENER).values()]
            file = tmp_path / "envoy.json"
            file.write_text(json.dumps(start))
            command = [str(envoy_binary()), "--mode", "validate", "--config-path", str(file)]
            done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
            assert done.returncode == 0, done.stderr[-2000:]


@pytest.mark.parametrize("url", ["catalogue/", "catalogue:8000/", "Catalogue.default/", "catalogue.default.svc/"])
def test_a_service_is_called_by_any_of_its_names(world: World, url: str) -> None:
    answer = world.call(f"http://{url}")
    assert answer.status == 200
    assert "URI=spiffe://cluster.local/ns/default/sa/web" in str(answer.json["headers"])


@pytest.mark.parametrize(
    ("url", "status", "reason"),
    [
        ("catalogue:9999/", 404, 'service "catalogue" has no port 9999; it has 8000'),
        ("nope/", 404, 'there is no service "nope" in namespace "default"'),
        ("closed/", 403, 'service "closed.default" does not allow this caller'),
        ("guarded/secret", 403, 'service "guarded.default" does not allow this request from spiffe://cluster.local/ns/default/sa/web'),
        ("catalogue/ghost", 503, 'there is no service "ghost.default"'),
        ("catalogue/idle", 503, "every backend of the route has weight 0"),
        ("catalogue/broken", 418, "a fault was injected on purpose"),
        ("db:5432/", 502, 'port 5432 of service "db" speaks tcp, not HTTP; use CONNECT'),
        ("dead/", 503, "connection to an instance of dead.default:8000 failed: "),
        ("does-not-exist.example.invalid/", 503, "no instance of outside is healthy, or its name has no address"),
    ],
)  # fmt: skip
def test_an_answer_of_a_proxy_says_why(world: World, url: str, status: int, reason: str) -> None:
    answer = world.call(f"http://{url}")
    assert (answer.status, answer.reason[: len(reason)]) == (status, reason)


def test_a_pattern_as_host_name_is_just_unknown(world: World) -> None:
    assert world.call("/", host="*").status == 404
    assert world.call("http://catalogue/").status == 200


def test_the_first_request_may_have_a_body(world: World) -> None:
    body = "x" * 100_000
    assert world.call("http://query/", "POST", body).json["body"] == body
    outside = f"http://127.0.0.1:{world.ports['v2']}/"
    assert world.call(outside, "POST", body).json["body"] == body


@pytest.mark.parametrize("name", ["legacy", "named", "query", "source"])
def test_services_without_sidecars_are_called_plainly(world: World, name: str) -> None:
    eventually(lambda: world.call(f"http://{name}:80/").status == 200)
    answer = world.call(f"http://{name}:80/")
    assert "x-forwarded-client-cert" not in str(answer.json["headers"])


def test_rules_of_the_mesh_decide(world: World) -> None:
    assert world.call("http://catalogue/", x_version="v2").json["name"] == "v2"
    assert world.call("http://catalogue/strip/a").json["path"] == "/a"
    assert world.call("http://catalogue/strip").json["path"] == "/"
    assert world.call("http://catalogue/mirrored").json["name"] == "v1"
    assert world.call("http://guarded/open").status == 200
    assert world.call("http://guarded/open", "POST").status == 403


def test_only_idempotent_requests_are_repeated(world: World) -> None:
    answers = {method: world.call("http://catalogue/retried", method, x_answer="503") for method in ("GET", "POST")}
    assert {each.status for each in answers.values()} == {503}
    assert world.call("http://catalogue/retried", "POST", "x").status == 200


def test_limits_answer_429_with_a_reason(world: World) -> None:
    answers = [world.call("http://limited/") for _ in range(4)]
    assert [each.status for each in answers] == [200, 200, 429, 429]
    assert answers[-1].reason == "more than 2 requests in 60 s"


def test_plain_connections_to_a_sidecar_are_refused(world: World) -> None:
    binding = next(each for each in world.plane.instances if each.id == "catalogue-v1").bindings[0]
    refused = pytest.raises((http.client.HTTPException, OSError))
    with closing(http.client.HTTPConnection("127.0.0.1", binding.port, timeout=10)) as connection, refused:
        connection.request("GET", "/")
        connection.getresponse()


@pytest.mark.parametrize("version", ["1.1", "1.0"])
def test_requests_within_a_tunnel_are_routed(world: World, version: str) -> None:
    answer, connection = world.connect("catalogue:8000", version=version)
    assert b" 200 " in answer.split(b"\r\n")[0]
    with connection:
        connection.sendall(b"GET /strip/a HTTP/1.1\r\nHost: catalogue:8000\r\nConnection: close\r\n\r\n")
        content = b"".join(iter(lambda: connection.recv(4096), b""))
    assert b'"path": "/a"' in content


def test_bytes_pass_to_tcp_services_and_outside(world: World) -> None:
    for authority in ("db:5432", f"127.0.0.1:{world.ports['echo']}", f"localhost:{world.ports['echo']}"):
        answer, connection = world.connect(authority)
        assert b" 200 " in answer.split(b"\r\n")[0]
        with connection:
            connection.sendall(b"hello")
            assert connection.recv(5) == b"hello"


@pytest.mark.parametrize(("authority", "status"), [("nope:80", b"404"), ("catalogue:1", b"404")])
def test_tunnels_to_nowhere_are_refused_with_a_reason(world: World, authority: str, status: bytes) -> None:
    answer, connection = world.connect(authority)
    connection.close()
    assert answer.split()[1] == status
    assert b"x-tulle-reason: " in answer


@pytest.mark.parametrize(("caller", "expected"), [("outbound", None), ("stranger", grpc.StatusCode.PERMISSION_DENIED)])
def test_grpc_goes_through_the_proxy(world: World, caller: str, expected: grpc.StatusCode | None) -> None:
    options = [("grpc.http_proxy", f"http://127.0.0.1:{world.ports[caller]}")]
    with grpc.insecure_channel("dns:///ratings:9000", options=options) as channel:
        method = channel.unary_unary("/demo.Ratings/Get")
        if expected is None:
            assert method(b"hi", timeout=10) == b"hi!"
        else:
            with pytest.raises(grpc.RpcError) as refused:
                method(b"hi", timeout=10)
            assert refused.value.code() is expected
            assert "does not allow this caller" in refused.value.details()


@pytest.mark.parametrize("host", ["catalogue:8000", "query", "outside", "shop.example"])
def test_websockets_pass(world: World, host: str) -> None:
    authority = f"127.0.0.1:{world.ports['legacy']}" if host == "outside" else host
    port = world.ports["gateway-http" if host == "shop.example" else "outbound"]
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        upgrade = (
            "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: aGVsbG8=\r\n"
        )
        connection.sendall(f"GET /ws HTTP/1.1\r\nHost: {authority}\r\n{upgrade}\r\n".encode())
        assert b" 101 " in connection.recv(4096).split(b"\r\n")[0]
        connection.sendall(b"12345")
        assert connection.recv(5) == b"12345"


@pytest.mark.parametrize("name", ["forward-tcp", "gateway-tcp"])
def test_streams_are_passed_on(world: World, name: str) -> None:
    with socket.create_connection(("127.0.0.1", world.ports[name]), timeout=10) as connection:
        connection.sendall(b"hello")
        assert connection.recv(5) == b"hello"


@pytest.mark.parametrize("name", ["forward-udp", "gateway-udp"])
def test_datagrams_are_passed_on(world: World, name: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(10)
        client.sendto(b"hello", ("127.0.0.1", world.ports[name]))
        assert client.recv(5) == b"hello"


@pytest.mark.parametrize("server", ["a.example", "b.example"])
def test_certificates_are_chosen_by_server_name(world: World, server: str) -> None:
    anybody = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    anybody.check_hostname, anybody.verify_mode = False, ssl.CERT_NONE
    anybody.set_alpn_protocols(["h2"])
    for name, protocol in (("gateway-https", "h2"), ("gateway-tls", None)):
        plain = socket.create_connection(("127.0.0.1", world.ports[name]), timeout=10)
        with anybody.wrap_socket(plain, server_hostname=server) as connection:
            certificate = x509.load_der_x509_certificate(connection.getpeercert(True) or b"")
            names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
            assert names.get_values_for_type(x509.DNSName) == [server]
            assert connection.selected_alpn_protocol() == protocol


@pytest.mark.parametrize(
    ("path", "status", "seen"),
    [
        ("/", 200, "/"),
        ("/api/1", 200, "/v1/1"),
        ("/api", 200, "/v1"),
        ("/strip", 200, "/"),
        ("/text/1", 200, "/1"),
        ("/whole/1", 200, "/w/1"),  # The rule says \, which the sidecar takes as browsers do.
        ("/regex/a", 200, "/a/r"),
        ("/fault", 503, None),
        ("/down", 503, None),
        ("/exact", 200, None),
        ("/ordered/1", 201, None),
        ("/moved/1", 308, None),
        ("/renamed/x", 302, None),
        ("/A..z?q=xx&p&m=ammb", 299, None),
        ("/A..z?q=xx&p&m=ammb&n=1", 200, "/A..z?q=xx&p&m=ammb&n=1"),
    ],
)
def test_routes_of_the_gateway_decide(world: World, path: str, status: int, seen: str | None) -> None:
    answer = world.shop(path, x_a="ab", x_c="cc")
    assert answer.status == status
    if seen is not None:
        assert answer.json["path"] == seen


def test_hosts_of_the_gateway_decide(world: World) -> None:
    assert world.shop("/", host="a.wild.example:1234").status == 200
    assert world.shop("/", host="none.example").reason == "no route of the gateway matches this host and path"
    assert world.shop("/", host="ordered.example").reason == "no route matches the request"
    moved = world.call("/a?b", caller="gateway-plain", host="shop.example:80")
    assert moved.headers["location"] == f"https://shop.example:{world.ports['gateway-https']}/a?b"


def test_headers_are_changed_on_the_way(world: World) -> None:
    answer = world.shop("/headers", x_gone="1")
    headers = answer.json["headers"]
    assert isinstance(headers, dict)
    assert (headers["host"], headers["x-set"], headers["x-add"]) == ("other.example", "100%", "1")
    assert "x-gone" not in headers
    assert answer.headers["x-r"] == "r"


def test_a_route_may_have_a_limit_of_its_own(world: World) -> None:
    assert [world.shop("/limited").status for _ in range(3)] == [200, 200, 429]


def test_a_changed_setting_reaches_hosts_that_are_known(world: World) -> None:
    outside = f"http://127.0.0.1:{world.ports['legacy']}/"
    assert world.call(outside).status == 200
    before = world.plane.mesh
    world.plane.change(replace(before, settings=Settings(allow_outside=False)))
    try:
        eventually(lambda: world.call(outside).status == 502)
        assert "is outside the mesh" in world.call(outside).reason
    finally:
        world.plane.change(before)
    eventually(lambda: world.call(outside).status == 200)


def test_listeners_change_in_place(world: World) -> None:
    before = world.plane.mesh

    def versions() -> tuple[str, str]:
        caller, callee = (world.plane.sessions[proxy].accepted[LISTENER] for proxy in ("web-v1", "catalogue-v1"))
        return caller["outbound"], callee["inbound|http"]

    old = versions()
    world.plane.change(replace(before, settings=Settings(access_log=True)))
    try:
        eventually(lambda: all(new != seen for new, seen in zip(versions(), old, strict=True)))
        assert [world.call("http://catalogue/").status for _ in range(5)] == [200] * 5
        assert world.plane.refusals == {}
    finally:
        world.plane.change(before)
    eventually(lambda: world.call("http://catalogue/").status == 200)


def test_a_port_that_is_taken_is_not_shared(tmp_path: Path) -> None:
    authority = Authority.open(tmp_path / "ca", trust_domain="cluster.local")
    with applications() as ports, closing(socket.socket()) as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        taken.bind(("127.0.0.1", ports["outbound"]))
        taken.listen()
        plane = Plane(kitchen(ports), instances(ports), authority)
        with running(plane, PROXIES[:1], tmp_path):
            eventually(lambda: "in use" in str(plane.refusals), what="the listener is refused")

"""A gateway with every form of listener, several of them on one port, and servers that say who they are."""

from __future__ import annotations

import http.client
import http.server
import socket
import socketserver
import ssl
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tests.e2e.applications import Server
from tests.e2e.mini import Plane
from tests.envoy.kitchen import HERE, backend, prefix, rule, service
from tests.envoy.pki import Pki, secret
from tulle.model.listeners import (
    Certificate,
    ClientCertificates,
    ClientTrust,
    Listener,
    ListenerHost,
    ListenerProtocol,
    TlsHandling,
    TlsVersions,
)
from tulle.model.mesh import Mesh
from tulle.model.names import Name
from tulle.model.objects import ConfigMap
from tulle.model.routes import Backend, Forward, RouteKind, RouteSet, StreamMatch, StreamRule
from tulle.model.services import Endpoint, Port, Protocol, Service

HTTP, HTTPS, TCP, TLS, UDP = ListenerProtocol
PORTS = ("isolated", "tls", "mutual", "versions", "tcp", "mixed", "auto", "mesh", "broken", "moved")


class Named(socketserver.BaseRequestHandler):
    """Says its name to whoever connects, before it is asked."""

    name = b""

    def handle(self) -> None:
        self.request.sendall(self.name)


class NamedUdp(socketserver.BaseRequestHandler):
    """Answers every datagram with its name."""

    name = b""

    def handle(self) -> None:
        self.request[1].sendto(self.name, self.client_address)


class Big(http.server.BaseHTTPRequestHandler):
    """Counts what it gets, and sends as much as it is asked for, with a trailer."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        left = size = int(self.headers["content-length"])
        while left:
            left -= len(self.rfile.read(min(left, 1 << 20)))
        content = str(size).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("transfer-encoding", "chunked")
        self.send_header("trailer", "x-sum")
        self.end_headers()
        for _ in range(int(self.path[1:])):
            self.wfile.write(b"100000\r\n" + bytes(1 << 20) + b"\r\n")
        self.wfile.write(b"0\r\nx-sum: 7\r\n\r\n")

    def log_message(self, format: str, *args: object) -> None:
        pass


class TlsServer(Server):
    """Speaks TLS itself."""

    def __init__(self, name: str, context: ssl.SSLContext) -> None:
        super().__init__(("127.0.0.1", 0), type("NamedTls", (Named,), {"name": name.encode()}))
        self.socket = context.wrap_socket(self.socket, server_side=True)

    def handle_error(self, *_: object) -> None:
        pass


def named(base: type, name: str) -> type:
    return type("Named", (base,), {"name": name.encode()})


def server_context(pki: Pki, directory: Path, *names: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*client_files(pki, directory, *names))
    return context


def client_files(pki: Pki, directory: Path, *names: str) -> tuple[str, str]:
    return written(directory, names[0].replace("/", "_"), *pki.issue(*names))


def written(directory: Path, name: str, chain: bytes, key: bytes) -> tuple[str, str]:
    files = directory / f"{name}.pem", directory / f"{name}.key"
    files[0].write_bytes(chain)
    files[1].write_bytes(key)
    return str(files[0]), str(files[1])


def encrypted(context: ssl.SSLContext, port: int, name: str | None = None) -> ssl.SSLSocket:
    """A connection with TLS. It is wrapped first: where wrapping finds that the other end is gone, nobody closes it."""
    connection = context.wrap_socket(socket.socket(), server_hostname=name)
    try:
        connection.settimeout(10)
        connection.connect(("127.0.0.1", port))
    except BaseException:
        connection.close()
        raise
    return connection


@dataclass
class World:
    ports: dict[str, int]
    plane: Plane
    servers: Pki
    clients: Pki
    directory: Path
    pinned: tuple[str, str]

    def get(self, port: str, host: str, path: str = "/") -> http.client.HTTPResponse:
        with closing(http.client.HTTPConnection("127.0.0.1", self.ports[port], timeout=10)) as connection:
            connection.request("GET", path, headers={"host": host})
            answer = connection.getresponse()
            answer.read()
            return answer

    def tls(
        self, port: str, name: str, *, files: tuple[str, str] | None = None, change: Callable[[Any], None] | None = None
    ) -> ssl.SSLSocket:
        """A connection with a server name; the certificate of the server must be good for it."""
        context = ssl.create_default_context(cadata=self.servers.ca.decode())
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        if files is not None:
            context.load_cert_chain(*files)
        if change is not None:
            change(context)
        return encrypted(context, self.ports[port], name)

    def secure(self, port: str, name: str, host: str = "", path: str = "/", **options: Any) -> tuple[int, bytes]:
        """Status and body of one request over TLS."""
        with self.tls(port, name, **options) as connection:
            connection.sendall(f"GET {path} HTTP/1.1\r\nhost: {host or name}\r\nconnection: close\r\n\r\n".encode())
            with closing(http.client.HTTPResponse(connection)) as answer:
                # Not to the end of the connection: Envoy waits a second before it closes one that it answered itself.
                answer.begin()
                return answer.status, answer.read()

    def said(self, port: str, name: str) -> bytes:
        """What a server that speaks first says over TLS."""
        with self.tls(port, name) as connection:
            return connection.recv(100)

    def bytes(self, port: str, sent: bytes = b"") -> bytes:
        """What a server says without TLS; empty if the connection is closed."""
        with socket.create_connection(("127.0.0.1", self.ports[port]), timeout=10) as connection:
            connection.sendall(sent)
            with suppress(ConnectionResetError):
                return connection.recv(4096)
            return b""

    @contextmanager
    def changed(self, mesh: Mesh) -> Iterator[None]:
        before = self.plane.mesh
        self.plane.change(mesh)
        try:
            yield
        finally:
            self.plane.change(before)


def listener(name: str, port: int, protocol: ListenerProtocol, *hosts: str, **more: Any) -> Listener:
    served_hosts = tuple(ListenerHost(host=host) for host in hosts) or (ListenerHost(),)
    return Listener(name=Name("default", name), origin=HERE, port=port, protocol=protocol, hosts=served_hosts, **more)


def routed(to: str, listener: str, *hosts: str) -> RouteSet:
    rules = (rule(to, Forward(backends=(backend(to),)), prefix("/")),)
    return RouteSet(
        name=Name("default", f"{to}-{listener}"),
        origin=HERE,
        hosts=hosts,
        listeners=(f"default/{listener}",),
        rules=rules,
    )


def streamed(listener: str, *backends: Backend, hosts: tuple[str, ...] = (), names: tuple[str, ...] = ()) -> RouteSet:
    stream = StreamRule(name="", origin=HERE, matches=(StreamMatch(server_names=names),), backends=backends)
    return RouteSet(
        name=Name("default", f"{listener}-{hosts}{names}"),
        origin=HERE,
        kind=RouteKind.TCP,
        hosts=hosts,
        listeners=(f"default/{listener}",),
        streams=(stream,),
    )


def shown(*names: str) -> dict[str, Any]:
    return {"certificates": tuple(Certificate(secret=Name("default", name)) for name in names)}


def fixed(name: str, port: int, protocol: Protocol = Protocol.HTTP) -> Service:
    return service(
        name, Port(name="p", number=80, protocol=protocol), addresses=(Endpoint(address="127.0.0.1", port=port),)
    )


def plain_listeners(at: dict[str, int]) -> Iterator[Listener]:
    """HTTP, bytes and datagrams."""
    yield from (
        listener("http-any", at["isolated"], HTTP),
        listener("http-wild", at["isolated"], HTTP, "*.example.com"),
        listener("http-foo", at["isolated"], HTTP, "foo.example.com"),
        listener("http-moved", at["isolated"], HTTP, "moved.example.com", redirect_to_https=8443),
        listener("tcp", at["tcp"], TCP),
        listener("udp", at["udp"], UDP),
        listener("mixed-http", at["mixed"], HTTP),
        listener("mixed-tcp", at["mixed"], TCP),
    )


def tls_listeners(at: dict[str, int]) -> Iterator[Listener]:
    """TLS that is ended, passed on, limited, or has no secret."""
    yield from (
        listener("https-any", at["tls"], HTTPS, **shown("any")),
        listener("https-second", at["tls"], HTTPS, "second.org", **shown("second")),
        listener("https-wild", at["tls"], HTTPS, "*.wild.org", **shown("any")),
        listener("https-fourth", at["tls"], HTTPS, "fourth.wild.org", **shown("any")),
        listener("pass", at["tls"], TLS, "pass.org", "*.pass.org", tls=TlsHandling.PASSTHROUGH),
        listener("lonely", at["tls"], TLS, "lonely.org", tls=TlsHandling.PASSTHROUGH),
        listener("term", at["tls"], TLS, "*.term.org", **shown("any")),
        listener("tls12", at["versions"], HTTPS, "old.org", versions=TlsVersions(maximum="1.2"), **shown("any")),
        listener("tls13", at["versions"], HTTPS, "new.org", versions=TlsVersions(minimum="1.3"), **shown("any")),
        listener(
            "cipher",
            at["versions"],
            HTTPS,
            "cipher.org",
            versions=TlsVersions(maximum="1.2", ciphers=("ECDHE-ECDSA-AES256-GCM-SHA384",)),
            **shown("any"),
        ),
        listener("mixed-tls", at["mixed"], HTTPS, "mixed.org", **shown("any")),
        listener("auto", at["auto"], TLS, "*.local", tls=TlsHandling.AUTO_PASSTHROUGH),
        listener("mesh", at["mesh"], HTTPS, tls=TlsHandling.MESH),
        listener("good", at["broken"], HTTPS, **shown("any")),
        listener("bad", at["broken"], HTTPS, "bad.org", **shown("broken")),
        listener("absent", at["broken"], HTTPS, "absent.org", **shown("absent")),
    )


def mutual_listeners(at: dict[str, int], pinned: str) -> Iterator[Listener]:
    """What certificates of clients must be."""
    trust = ClientTrust(secrets=(Name("default", "clients"),))
    yield from (
        listener("required", at["mutual"], HTTPS, "required.org", client_trust=trust, **shown("any")),
        listener(
            "optional",
            at["mutual"],
            HTTPS,
            "optional.org",
            client_trust=replace(trust, handling=ClientCertificates.OPTIONAL),
            **shown("any"),
        ),
        listener(
            "unverified",
            at["mutual"],
            HTTPS,
            "unverified.org",
            client_trust=replace(trust, handling=ClientCertificates.UNVERIFIED),
            **shown("any"),
        ),
        listener(
            "named",
            at["mutual"],
            HTTPS,
            "named.org",
            client_trust=ClientTrust(
                ca_maps=(Name("default", "clients"), Name("default", "gone")), subject_alt_names=("good.client",)
            ),
            **shown("any"),
        ),
        listener(
            "pinned", at["mutual"], HTTPS, "pinned.org", client_trust=ClientTrust(hashes=(pinned,)), **shown("any")
        ),
    )


def routes() -> Iterator[RouteSet]:
    """Where each listener leads."""
    yield from (
        routed("v1", "http-any"),
        routed("v2", "http-wild"),
        *(routed("v1", name) for name in ("https-any", "https-wild", "required", "optional", "unverified", "named")),
        *(routed("v1", name) for name in ("pinned", "tls12", "tls13", "cipher", "mixed-http", "mixed-tls", "mesh")),
        *(routed("v1", name) for name in ("good", "bad")),
        routed("big", "http-any", "big.org"),
        routed("grpc", "http-any", "grpc.org"),
        *(routed("v2", name) for name in ("https-second", "https-fourth")),
        streamed("pass", backend("tls-a"), hosts=("pass.org",)),
        streamed("pass", backend("tls-b"), hosts=("*.pass.org",)),
        streamed("pass", backend("tls-a"), names=("exact.pass.org",)),
        streamed("term", backend("tcp-a"), hosts=("a.term.org",)),
        streamed("term", backend("tcp-b"), hosts=("*.term.org",)),
        streamed("tcp", backend("tcp-a", weight=3), backend("tcp-b"), backend("ghost")),
        streamed("udp", backend("udp-a", weight=3), backend("udp-b")),
        streamed("mixed-tcp", backend("tcp-a")),
    )


def services(ports: dict[str, int]) -> Iterator[Service]:
    """Servers outside the mesh, one for each kind of traffic."""
    yield from (
        *(fixed(name, ports[name]) for name in ("v1", "v2", "big")),
        fixed("grpc", ports["grpc"], Protocol.GRPC),
        *(fixed(name, ports[name], Protocol.TCP) for name in ("tcp-a", "tcp-b", "tls-a", "tls-b")),
        *(fixed(name, ports[name], Protocol.UDP) for name in ("udp-a", "udp-b")),
    )


def shop(ports: dict[str, int], servers: Pki, clients: Pki, pinned: str) -> Mesh:
    """Everything that is tested here, at once."""
    names = ("second.org", "required.org", "optional.org", "unverified.org", "named.org", "old.org", "new.org")
    more = (
        "pinned.org",
        "any.org",
        "*.wild.org",
        "*.term.org",
        "cipher.org",
        "mixed.org",
        "bad.org",
        "absent.org",
        "other.org",
    )
    secrets = [
        servers.secret("any", *names, *more, "other.org"),
        servers.secret("second", "second.org"),
        secret("broken", ("tls.crt", b"nonsense"), ("tls.key", b"nonsense")),
        secret("clients", ("ca.crt", clients.ca)),
    ]
    bundle = ConfigMap(name=Name("default", "clients"), origin=HERE, data=(("ca.crt", clients.ca.decode()),))
    listeners = (*plain_listeners(ports), *tls_listeners(ports), *mutual_listeners(ports, pinned))
    return Mesh(
        services={each.name: each for each in services(ports)},
        listeners={each.name: each for each in listeners},
        gateway_routes=tuple(routes()),
        secrets={each.name: each for each in secrets},
        config_maps={bundle.name: bundle},
    )

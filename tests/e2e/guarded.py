"""One Envoy with a listener for every guard that is to be tried, and callers that can be anybody."""

from __future__ import annotations

import http.client
import http.server
import json
import socket
import ssl
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from envoy.service.auth.v3 import external_auth_pb2
from envoy.type.v3 import http_status_pb2

from tests.e2e.applications import Server, TcpEcho, grpc_application, http_application, served
from tests.e2e.machine import Answer, eventually
from tests.e2e.mini import Plane, running
from tests.envoy.kitchen import HERE, free_port, service
from tulle.envoy.compile import compile_gateway, compile_sidecar
from tulle.identity.authority import Authority
from tulle.identity.keys import key_pem, new_key, request
from tulle.model.guards import Guard
from tulle.model.listeners import Listener, ListenerProtocol
from tulle.model.mesh import Mesh, Settings
from tulle.model.names import Name
from tulle.model.routes import Backend, Forward, Match, RouteRule, RouteSet
from tulle.model.security import Identity
from tulle.model.services import Endpoint, Port, Protocol
from tulle.model.workloads import Binding, Instance, InstanceState
from tulle.xds.snapshot import CLUSTER, EXTENSION, LISTENER, Snapshot
from tulle.xds.subscription import Session

TARGET, GATEWAY = "target", "gateway-here"
PEOPLE = {"web": ("default", "web"), "other": ("default", "other"), "far": ("far", "far")}
ALIAS = "old.example"
"""Another trust domain whose identities count as the same."""
AGREED = "agreed"


class HttpAuthorizer(http.server.BaseHTTPRequestHandler):
    """Agrees if a header says so; tells both sides why."""

    def do_GET(self) -> None:
        agrees = self.headers.get("x-ask") == AGREED
        self.send_response(200 if agrees else 401)
        self.send_header("x-decision", f"{self.path} {self.headers.get('x-secret', 'unseen')}")
        self.send_header("content-length", "0")
        self.end_headers()

    do_POST = do_PUT = do_DELETE = do_GET

    def log_message(self, format: str, *args: object) -> None:
        pass


class Keys(http.server.BaseHTTPRequestHandler):
    """The keys of an issuer; `keys` is what it says now."""

    keys = ""

    def do_GET(self) -> None:
        content = self.keys.encode()
        self.send_response(200)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        pass


def agree(data: bytes) -> bytes:
    """The same in Envoy's own protocol; about a connection, it agrees if the peer is `web`."""
    asked = external_auth_pb2.CheckRequest.FromString(data)
    headers = asked.attributes.request.http.headers
    agrees = headers.get("x-ask") == AGREED
    if not asked.attributes.request.http.method:
        agrees = asked.attributes.source.principal.endswith("/sa/web")
    answer = external_auth_pb2.CheckResponse()
    if not agrees:
        answer.status.code = 7
        answer.denied_response.status.CopyFrom(http_status_pb2.HttpStatus(code=http_status_pb2.PaymentRequired))
    return bytes(answer.SerializeToString())


@dataclass
class Many(Plane):
    """All guards in one Envoy: the ports of each are called by its name."""

    targets: Mapping[str, tuple[Guard, Binding]] = field(default_factory=dict)

    def _snapshot(self, session: Session) -> Snapshot:
        if session.node_id == GATEWAY:
            return compile_gateway(self.mesh)
        tables: dict[str, dict[str, Any]] = {CLUSTER: {}, EXTENSION: {}, LISTENER: {}}
        for name in self.targets:
            compiled = compile_sidecar(self.mesh, self.instance(name), frozenset())
            for type_url, table in tables.items():
                table.update(compiled.table(type_url))
        return Snapshot(tables)

    def instance(self, name: str) -> Instance:
        guard, binding = self.targets[name]
        return Instance(
            id=name,
            workload=guard.workload,
            service=guard.service,
            host="here",
            account="target",
            state=InstanceState.READY,
            bindings=(binding,),
        )


@dataclass(frozen=True)
class World:
    plane: Many
    people: Mapping[str, ssl.SSLContext]
    admins: Mapping[str, Path]
    logs: Path
    gateways: Mapping[str, int]

    def call(
        self,
        target: str,
        caller: str = "web",
        method: str = "GET",
        path: str = "/",
        address: str = "127.0.0.1",
        **headers: str,
    ) -> Answer:
        """One request on a connection of its own; `caller` is one of PEOPLE, or `nobody` for plain text."""
        sent = {"host": "web.default:8000", **{name.replace("_", "-"): value for name, value in headers.items()}}
        with closing(self.connect(target, caller, address)) as connection:
            asking = http.client.HTTPConnection("127.0.0.1")
            asking.sock = connection
            asking.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            for name, value in sent.items():
                asking.putheader(name, value)
            asking.endheaders()
            return Answer.of(asking.getresponse())

    def connect(self, target: str, caller: str, address: str = "127.0.0.1") -> socket.socket:
        port = self.gateways.get(target) or self.plane.targets[target][1].port
        connection = socket.create_connection(("127.0.0.1", port), timeout=10, source_address=(address, 0))
        if caller == "nobody":
            return connection
        return self.people[caller].wrap_socket(connection, server_hostname=f"{target}.default.svc.cluster.local")

    def is_open(self, target: str) -> bool:
        self.connect(target, "nobody").close()
        return True

    def echoes(self, target: str, caller: str = "web", address: str = "127.0.0.1") -> bool:
        """Whether bytes come back from the application."""
        try:
            with closing(self.connect(target, caller, address)) as connection:
                connection.sendall(b"hello")
                return connection.recv(5) == b"hello"
        except OSError:
            return False

    def statistics(self, proxy: str = TARGET) -> dict[str, int]:
        connection = http.client.HTTPConnection("admin")
        connection.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.sock.connect(str(self.admins[proxy]))
        connection.request("GET", "/stats?format=json")
        found = json.loads(connection.getresponse().read())["stats"]
        connection.close()
        return {each["name"]: each["value"] for each in found if "value" in each}


def mesh(targets: Mapping[str, tuple[Guard, Binding]], ports: Mapping[str, int], **more: Any) -> Mesh:
    """The workloads, and the authorizers that they name."""

    def outside(name: str, port: int, protocol: Protocol = Protocol.HTTP) -> Any:
        place = Endpoint(address="127.0.0.1", port=port)
        return service(name, Port(name="p", number=80, protocol=protocol), addresses=(place,))

    services = (
        outside("http-authorizer", ports["http-authorizer"]),
        outside("grpc-authorizer", ports["grpc-authorizer"], Protocol.GRPC),
        outside("down-authorizer", ports["down"]),
        outside("application", ports["application"]),
        outside("echo", ports["echo"], Protocol.TCP),
    )
    return Mesh(
        settings=Settings(trust_domain_aliases=(ALIAS,)),
        services={each.name: each for each in services},
        guards={guard.workload: guard for guard, _ in targets.values()},
        listeners=_listeners(ports),
        gateway_routes=(RouteSet(name=Name("default", "all"), origin=HERE, hosts=("*",), rules=(_everything(),)),),
        **more,
    )


def _everything() -> RouteRule:
    return RouteRule(
        name="all",
        origin=HERE,
        matches=(Match(),),
        action=Forward(backends=(Backend(service=Name("default", "application"), origin=HERE),)),
    )


def _listeners(ports: Mapping[str, int]) -> dict[Name, Listener]:
    return {
        Name("default", name): Listener(
            name=Name("default", name),
            origin=HERE,
            port=ports[name],
            declared_port=80,
            protocol=ListenerProtocol.HTTP if name == "edge" else ListenerProtocol.TCP,
            backends=() if name == "edge" else (Backend(service=Name("default", "echo"), origin=HERE),),
        )
        for name in ("edge", "edge-tcp")
    }


@contextmanager
def world(guards: Mapping[str, Guard], directory: Path, gateway: Guard | None = None) -> Iterator[World]:
    """Everything that is needed to try these guards."""
    with ExitStack() as stack:
        ports = {
            "application": stack.enter_context(http_application("application")),
            "grpc": stack.enter_context(grpc_application()),
            "echo": stack.enter_context(served(Server(("127.0.0.1", 0), TcpEcho))),
            "http-authorizer": stack.enter_context(served(Server(("127.0.0.1", 0), HttpAuthorizer))),
            "grpc-authorizer": stack.enter_context(grpc_application(agree)),
            **{name: free_port() for name in ("down", "edge", "edge-tcp")},
        }
        targets = {name: _target(name, guard, ports) for name, guard in guards.items()}
        authority = Authority.open(directory / "ca", trust_domain="cluster.local")
        plane = Many(
            mesh=mesh(targets, ports, gateway_guard=gateway), instances=(), authority=authority, targets=targets
        )
        admins = stack.enter_context(running(plane, (TARGET, *((GATEWAY,) if gateway else ())), directory))
        found = World(
            plane,
            people(authority, directory),
            admins,
            directory / f"{TARGET}.log",
            {name: ports[name] for name in ("edge", "edge-tcp")} if gateway else {},
        )
        for name in (*targets, *found.gateways):
            eventually(lambda name=name: found.is_open(name), what=name)  # type: ignore[misc]
        yield found
        assert plane.refusals == {}


def _target(name: str, guard: Guard, ports: Mapping[str, int]) -> tuple[Guard, Binding]:
    (port,) = guard.ports
    kind = "grpc" if port.protocol is Protocol.GRPC else "application" if port.protocol.is_http else "echo"
    application = ports[kind]
    binding = Binding(
        name=name,
        protocol=port.protocol,
        address="127.0.0.1",
        port=free_port(),
        application=f"127.0.0.1:{application}",
        number=port.number,
    )
    # Guards are found by workload, and ports of a binding by name.
    named = replace(guard, workload=Name("default", name), ports=(replace(port, name=name),))
    return named, binding


def people(authority: Authority, directory: Path) -> dict[str, ssl.SSLContext]:
    """Clients of the mesh, by name."""
    found = {}
    for name, (namespace, account) in PEOPLE.items():
        key = new_key()
        chain = authority.sign(request(key), Identity("cluster.local", namespace, account), 3600)
        file = directory / f"{name}.pem"
        file.write_bytes(key_pem(key) + chain)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.load_cert_chain(file)
        context.set_alpn_protocols(["http/1.1"])
        found[name] = context
    return found

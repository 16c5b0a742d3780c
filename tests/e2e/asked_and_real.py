"""An Envoy that asks the consultant, and a real Traefik with the same to do, side by side before one service."""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
import subprocess
import sys
import threading
import time
import urllib.parse
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import bcrypt
import yaml

from tests.e2e.machine import Answer, eventually
from tulle.agent.binary import envoy_binary
from tulle.envoy.bootstrap import CONSULTANT, bootstrap
from tulle.kit.ports import Ports
from tulle.model.consulting import (
    ADDRESS,
    QUESTION,
    Breaker,
    InFlight,
    Passwords,
    Question,
    Rate,
    to_metadata,
    to_text,
)
from tulle.model.steps import Redis, SameClient
from tulle.xds.messages import Node

TYPE = "type.googleapis.com/"
HCM = f"{TYPE}envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
FILTERS = f"{TYPE}envoy.extensions.filters.http"
SHA = "{SHA}" + base64.b64encode(hashlib.sha1(b"secret").digest()).decode()
BCRYPT = bcrypt.hashpw(b"secret", bcrypt.gensalt(5)).decode().replace("$2b$", "$2y$")
SLOW = bcrypt.hashpw(b"secret", bcrypt.gensalt(11)).decode()
HA1 = hashlib.md5(b"ann:traefik:secret").hexdigest()
USERS = {
    "bcrypt": BCRYPT,
    "apr1": "$apr1$abcdefgh$h9FWgUz3n9YxylKLlR5SQ/",
    "md5": "$1$abcdefgh$cHJi5PXp/ki/ktXzqlk6I1",
    "sha": SHA,
    "plain": "secret",
    "both": SHA,
}
FAILING = "ResponseCodeRatio(500, 600, 0, 600) > 0.25"


@dataclass(frozen=True, slots=True)
class Edge:
    """One of the two."""

    name: str
    port: int

    def get(self, path: str, headers: Mapping[str, str] | Sequence[tuple[str, str]] = ()) -> Answer:
        """Call it."""
        pairs = headers.items() if isinstance(headers, Mapping) else headers
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)) as connection:
            connection.putrequest("GET", path)
            for name, value in pairs:
                connection.putheader(name, value)
            connection.endheaders()
            return Answer.of(connection.getresponse())


@dataclass(slots=True)
class World:
    """Both, and what they need."""

    ours: Edge
    real: Edge
    redis: int
    directory: Path
    consultant: subprocess.Popen[bytes] | None = None

    @property
    def both(self) -> tuple[Edge, Edge]:
        """First the real one."""
        return self.real, self.ours

    def start_consultant(self) -> None:
        """Answer from now on."""
        socket = self.directory / "consultant.sock"
        program = (
            "import asyncio, pathlib, sys\n"
            "from tulle.agent.consultant.server import Consultant\nfrom tulle.kit.clock import SystemClock\n"
            "asyncio.run(Consultant(pathlib.Path(sys.argv[1]), SystemClock()).run())"
        )
        self.consultant = subprocess.Popen([sys.executable, "-c", program, str(socket)])
        eventually(lambda: self.ours.get("/basic").status == 401, what="the consultant answers")

    def stop_consultant(self) -> None:
        """Answer no more."""
        if self.consultant is not None:
            self.consultant.kill()
            self.consultant.wait()


class _Service(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # Headers and body in one packet, or who reads them waits for 40 ms.

    def do_GET(self) -> None:
        with suppress(BrokenPipeError):
            self._answer()

    def _answer(self) -> None:
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
        time.sleep(float(query.get("sleep", ["0"])[0]))
        body = json.dumps({name.lower(): value for name, value in self.headers.items()}).encode()
        self.send_response(int(query.get("status", ["200"])[0]))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if "slowly" in query:
            self.wfile.write(body[:1])
            self.wfile.flush()
            time.sleep(float(query["slowly"][0]))
            body = body[1:]
        self.wfile.write(body)
        self.wfile.flush()

    def log_message(self, format: str, *arguments: object) -> None:
        pass


def _middlewares(redis: int, users: Path) -> dict[str, Any]:
    by_key = {"requestHeaderName": "X-Key"}
    slow = {"average": 2, "period": "10s", "burst": 3}
    inline = [f"{name}:{stored}" for name, stored in USERS.items()]
    return {
        "basic": {
            "basicAuth": {"users": inline, "usersFile": str(users), "headerField": "X-User", "removeHeader": True}
        },
        "realm": {"basicAuth": {"users": [f"sha:{SHA}"], "realm": "our shop"}},
        "slow": {"basicAuth": {"users": [f"ann:{SLOW}", f"sha:{SHA}"]}},
        "digest": {"digestAuth": {"users": [f"ann:traefik:{HA1}"], "headerField": "X-User"}},
        "none": {"inFlightReq": {"amount": 0}},
        "two": {"inFlightReq": {"amount": 2, "sourceCriterion": by_key}},
        "long": {"inFlightReq": {"amount": 0}},
        "breaker": {
            "circuitBreaker": {
                "expression": FAILING,
                "fallbackDuration": "1s",
                "recoveryDuration": "2s",
                "responseCode": 504,
            }
        },
        "latency": {"circuitBreaker": {"expression": "LatencyAtQuantileMS(50.0) > 200", "fallbackDuration": "1m"}},
        "memory": {"rateLimit": {**slow, "sourceCriterion": by_key}},
        "quick": {"rateLimit": {"average": 10, "burst": 2}},
        "redis": {"rateLimit": {**slow, "sourceCriterion": by_key, "redis": {"endpoints": [f"127.0.0.1:{redis}"]}}},
    }


def _questions(redis: int, users: Path) -> dict[str, Question]:
    by_key = SameClient(header="X-Key")
    all_users = tuple(USERS.items())
    place = Redis(endpoints=(f"127.0.0.1:{redis}",))
    digest = (("ann:traefik", HA1),)
    return {
        "basic": Passwords(id="basic", users=all_users, file=str(users), name_header="X-User", hides_proof=True),
        "realm": Passwords(id="realm", users=(("sha", SHA),), realm="our shop"),
        "slow": Passwords(id="slow", users=(("ann", SLOW), ("sha", SHA))),
        "digest": Passwords(id="digest", users=digest, is_digest=True, name_header="X-User"),
        "none": InFlight(id="none", amount=0),
        "two": InFlight(id="two", amount=2, by=by_key),
        "long": InFlight(id="l" * 100_000, amount=0),
        "breaker": Breaker(id="breaker", expression=FAILING, fallback=1.0, recovery=2.0, status=504),
        "latency": Breaker(id="latency", expression="LatencyAtQuantileMS(50.0) > 200", fallback=60.0),
        "memory": Rate(id="memory", average=2, period=10.0, burst=3, by=by_key),
        "quick": Rate(id="quick", average=10, burst=2),
        "redis": Rate(id="redis@file", average=2, period=10.0, burst=3, by=by_key, redis=place),
    }


def _traefik(ports: tuple[int, int, int], service: int, middlewares: dict[str, Any]) -> dict[str, Any]:
    return {
        "http": {
            "services": {"service": {"loadBalancer": {"servers": [{"url": f"http://127.0.0.1:{service}"}]}}},
            "middlewares": middlewares,
            "routers": {
                name: {"rule": f"PathPrefix(`/{name}`)", "service": "service", "middlewares": [name]}
                for name in middlewares
            },
        }
    }


def _envoy(port: int, service: int, directory: Path, questions: Mapping[str, Question]) -> dict[str, Any]:
    start: Any = bootstrap(
        Node("x"), xds_socket="/x", admin_socket="/a", consultant_socket=str(directory / "consultant.sock")
    )
    consultant = start["static_resources"]["clusters"][1]
    place = {"endpoint": {"address": {"socket_address": {"address": "127.0.0.1", "port_value": service}}}}
    cluster = {
        "name": "service",
        "type": "STATIC",
        "load_assignment": {"cluster_name": "service", "endpoints": [{"lb_endpoints": [place]}]},
    }
    routes = [_route(name, question) for name, question in questions.items()]
    manager = {
        "@type": HCM,
        "stat_prefix": "x",
        "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": routes}]},
        "http_filters": _filters(),
    }
    listener = {
        "name": "all",
        "address": {"socket_address": {"address": "127.0.0.1", "port_value": port}},
        "filter_chains": [{"filters": [{"name": "http", "typed_config": manager}]}],
    }
    return {"static_resources": {"listeners": [listener], "clusters": [cluster, consultant]}}


def _filters() -> list[dict[str, Any]]:
    def asks(timeout: str) -> dict[str, Any]:
        return {"envoy_grpc": {"cluster_name": CONSULTANT}, "timeout": timeout}

    def process(answers: str) -> dict[str, Any]:
        mode = {"request_header_mode": "SEND", "response_header_mode": answers, "response_trailer_mode": "SEND"}
        return {
            "@type": f"{FILTERS}.ext_proc.v3.ExternalProcessor",
            "grpc_service": asks("1s"),
            "processing_mode": mode,
            "failure_mode_allow": True,
            "message_timeout": "1s",
        }

    names = [{"exact": name} for name in ("authorization", "x-forwarded-for", "x-key")]
    authorize = {
        "@type": f"{FILTERS}.ext_authz.v3.ExtAuthz",
        "transport_api_version": "V3",
        "grpc_service": asks("10s"),
        "allowed_headers": {"patterns": names},
        "status_on_error": {"code": 503},
    }
    return [
        {"name": "authorize", "disabled": True, "typed_config": authorize},
        {"name": "count", "disabled": True, "typed_config": process("SKIP")},
        {"name": "watch", "disabled": True, "typed_config": process("SEND")},
        {"name": "router", "typed_config": {"@type": f"{FILTERS}.router.v3.Router"}},
    ]


def _route(name: str, question: Question) -> dict[str, Any]:
    if isinstance(question, Passwords | Rate):
        check = {"check_settings": {"context_extensions": {QUESTION: to_text(question)}}}
        configuration = {"authorize": {"@type": f"{FILTERS}.ext_authz.v3.ExtAuthzPerRoute", **check}}
    else:
        address = "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%"
        said = [{"key": key, "value": value} for key, value in (*to_metadata(question), (ADDRESS, address))]
        override = {"overrides": {"grpc_initial_metadata": said}}
        which = "watch" if isinstance(question, Breaker) else "count"
        configuration = {which: {"@type": f"{FILTERS}.ext_proc.v3.ExtProcPerRoute", **override}}
    return {
        "match": {"prefix": f"/{name}"},
        "route": {"cluster": "service", "timeout": "0s"},
        "typed_per_filter_config": configuration,
    }


@contextmanager
def side_by_side(directory: Path, socket_directory: Path) -> Iterator[World]:
    """Until the end of the block."""
    with ExitStack() as stack:
        ports = stack.enter_context(closing(Ports()))
        ours, real, api, redis = (ports.choose() for _ in range(4))
        server = ThreadingHTTPServer(("127.0.0.1", 0), _Service)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        stack.callback(server.server_close)
        stack.callback(server.shutdown)
        users = directory / "users"
        users.write_text(f"# people\nfiled:{SHA}\nboth:$apr1$x$y\n")
        dynamic = _traefik((ours, real, api), server.server_port, _middlewares(redis, users))
        (directory / "dynamic.yaml").write_text(yaml.safe_dump(dynamic))
        static = {
            "entryPoints": {
                "web": {"address": f"127.0.0.1:{real}"},
                "traefik": {"address": f"127.0.0.1:{api}"},
            },
            "api": {"insecure": True},
            "providers": {"file": {"filename": str(directory / "dynamic.yaml"), "watch": False}},
            "global": {"checkNewVersion": False, "sendAnonymousUsage": False},
        }
        (directory / "traefik.yaml").write_text(yaml.safe_dump(static))
        envoy = _envoy(ours, server.server_port, socket_directory, _questions(redis, users))
        (directory / "envoy.json").write_text(json.dumps(envoy))
        traefik = str(Path(sys.executable).with_name("traefik"))
        ports.close()
        world = World(Edge("ours", ours), Edge("real", real), redis, socket_directory)
        for command in (
            [traefik, f"--configFile={directory}/traefik.yaml"],
            [str(envoy_binary()), "-c", f"{directory}/envoy.json", "--disable-hot-restart", "-l", "warning"],
        ):
            output = stack.enter_context((directory / Path(command[0]).name).with_suffix(".log").open("w"))
            process = subprocess.Popen(command, stdout=output, stderr=output)
            stack.callback(process.wait)
            stack.callback(process.kill)
        stack.callback(world.stop_consultant)
        eventually(lambda: real and world.real.get("/basic").status == 401, what="the real one serves")
        world.start_consultant()
        yield world


@contextmanager
def redis_server(world: World) -> Iterator[None]:
    """A Redis for the time of a block, with nothing in it."""
    command = ["redis-server", "--port", str(world.redis), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    process = subprocess.Popen(command, cwd=world.directory, stdout=subprocess.DEVNULL)
    try:
        ping = ["redis-cli", "-p", str(world.redis), "ping"]
        eventually(lambda: b"PONG" in subprocess.run(ping, capture_output=True, check=False).stdout)
        yield
    finally:
        process.kill()
        process.wait()

"""Our xDS server against the real Envoy, with resources made by hand: what Envoy asks, accepts, refuses and resumes."""

from __future__ import annotations

import asyncio
import json
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from envoy.config.cluster.v3 import cluster_pb2
from envoy.config.endpoint.v3 import endpoint_pb2
from envoy.config.listener.v3 import listener_pb2
from envoy.config.route.v3 import route_components_pb2, route_pb2

# Any messages are packed by type name: their modules must be there.
from envoy.extensions.filters.http.on_demand.v3 import on_demand_pb2  # noqa: F401
from envoy.extensions.filters.http.router.v3 import router_pb2  # noqa: F401
from envoy.extensions.filters.network.http_connection_manager.v3 import (
    http_connection_manager_pb2,  # noqa: F401
)
from google.protobuf import json_format

from tests.envoy.kitchen import free_port
from tulle.agent.binary import envoy_binary
from tulle.xds.server import serving
from tulle.xds.snapshot import CLUSTER, ENDPOINT, LISTENER, ROUTE, VIRTUAL_HOST, Resource, Snapshot, encode
from tulle.xds.subscription import Session

pytestmark = pytest.mark.e2e

DEADLINE = 15.0
TYPE = "type.googleapis.com/"
ADS = {"ads": {}, "resource_api_version": "V3", "initial_fetch_timeout": "0s"}
EXTENSIONS = f"{TYPE}envoy.extensions."


def cluster(name: str, **more: object) -> Resource:
    fields = {"name": name, "type": "EDS", "connect_timeout": "1s", "eds_cluster_config": {"eds_config": ADS}, **more}
    return encode(name, json_format.ParseDict(fields, cluster_pb2.Cluster()), endpoints_name=name)


def load(name: str, port: int) -> Resource:
    address = {"socket_address": {"address": "127.0.0.1", "port_value": port}}
    fields = {"cluster_name": name, "endpoints": [{"lb_endpoints": [{"endpoint": {"address": address}}]}]}
    return encode(name, json_format.ParseDict(fields, endpoint_pb2.ClusterLoadAssignment()))


def listener(name: str, port: int, route_name: str) -> Resource:
    connections = {
        "@type": f"{EXTENSIONS}filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": name,
        "rds": {"route_config_name": route_name, "config_source": ADS},
        "http_filters": [
            {"name": "on_demand", "typed_config": {"@type": f"{EXTENSIONS}filters.http.on_demand.v3.OnDemand"}},
            {"name": "router", "typed_config": {"@type": f"{EXTENSIONS}filters.http.router.v3.Router"}},
        ],
    }
    fields = {
        "name": name,
        "address": {"socket_address": {"address": "127.0.0.1", "port_value": port}},
        "filter_chains": [{"filters": [{"name": "http", "typed_config": connections}]}],
    }
    return encode(name, json_format.ParseDict(fields, listener_pb2.Listener()))


def route(name: str, **more: object) -> Resource:
    fields = {"name": name, "vhds": {"config_source": ADS}, **more}
    return encode(name, json_format.ParseDict(fields, route_pb2.RouteConfiguration()))


def host(name: str, domains: tuple[str, ...], action: dict[str, object], match: object = None) -> Resource:
    fields = {"name": name, "domains": domains, "routes": [{"match": match or {"prefix": "/"}, **action}]}
    owner = name.rpartition("/")[0]
    message = json_format.ParseDict(fields, route_components_pb2.VirtualHost())
    return encode(name, message, aliases=tuple(f"{owner}/{domain}" for domain in domains))


def to(name: str) -> dict[str, object]:
    return {"route": {"cluster": name}}


NOT_FOUND: dict[str, object] = {"direct_response": {"status": 404}}
PLACEHOLDER = host("out/placeholder", ("placeholder.invalid",), NOT_FOUND)


class Plane:
    """Publishes one set to the one Envoy; `widen` answers its demand."""

    def __init__(self) -> None:
        self.snapshot = Snapshot()
        self.session: Session | None = None
        self.streams = 0
        self.widen: Callable[[frozenset[str]], None] = lambda names: None

    def opened(self, session: Session) -> None:
        self.session = session
        self.streams += 1
        session.publish(self.snapshot)

    def closed(self, session: Session) -> None:
        self.session = None

    def wanted(self, session: Session, type_url: str, names: frozenset[str]) -> None:
        if type_url == VIRTUAL_HOST:
            self.widen(names)

    def settled(self, session: Session) -> None:
        pass

    def publish(self, *resources: Resource) -> None:
        tables: dict[str, dict[str, Resource]] = {}
        for resource in resources:
            tables.setdefault(resource.type_url, {})[resource.name] = resource
        self.snapshot = Snapshot(tables)
        if self.session is not None:
            self.session.publish(self.snapshot)

    @property
    def is_synced(self) -> bool:
        return self.session is not None and self.session.is_synced

    @property
    def is_settled(self) -> bool:
        kinds = (CLUSTER, ENDPOINT, LISTENER, ROUTE, VIRTUAL_HOST)
        return self.session is not None and all(self.session.is_settled(kind) for kind in kinds)

    def refused(self) -> dict[str, str]:
        assert self.session is not None
        return {name: refusal.reason for (_, name), refusal in self.session.refused.items()}


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(DEADLINE):
        while True:
            if condition():
                return
            await asyncio.sleep(0.01)


class Proxy:
    """A running Envoy."""

    def __init__(self, directory: Path) -> None:
        self.socket = directory / "xds"
        self.admin = directory / "admin"

    def bootstrap(self) -> dict[str, object]:
        http2 = {
            "@type": f"{EXTENSIONS}upstreams.http.v3.HttpProtocolOptions",
            "explicit_http_config": {"http2_protocol_options": {}},
        }
        plane = {
            "name": "plane",
            "type": "STATIC",
            "typed_extension_protocol_options": {"envoy.extensions.upstreams.http.v3.HttpProtocolOptions": http2},
            "load_assignment": {
                "cluster_name": "plane",
                "endpoints": [{"lb_endpoints": [{"endpoint": {"address": {"pipe": {"path": str(self.socket)}}}}]}],
            },
        }
        ads = {
            "api_type": "DELTA_GRPC",
            "transport_api_version": "V3",
            "grpc_services": [{"envoy_grpc": {"cluster_name": "plane"}}],
        }
        return {
            "node": {"id": "proxy", "cluster": "shop"},
            "admin": {"address": {"pipe": {"path": str(self.admin)}}},
            "dynamic_resources": {"ads_config": ads, "cds_config": ADS, "lds_config": ADS},
            "static_resources": {"clusters": [plane]},
        }

    async def warming(self) -> int:
        async with httpx.AsyncClient(transport=httpx.AsyncHTTPTransport(uds=str(self.admin))) as client:
            answer = await client.get("http://admin/config_dump?resource=dynamic_warming_clusters")
        return len(answer.json().get("configs", ()))


@asynccontextmanager
async def proxy() -> AsyncIterator[Proxy]:
    # Not pytest's directory: the path of a Unix socket must be short.
    directory = Path(tempfile.mkdtemp(prefix="xds-"))
    running = Proxy(directory)
    (directory / "bootstrap.json").write_text(json.dumps(running.bootstrap()))
    arguments = ("-c", str(directory / "bootstrap.json"), "--concurrency", "1", "--disable-hot-restart")
    timing = ("--drain-time-s", "1", "--log-path", str(directory / "log"))
    process = await asyncio.create_subprocess_exec(str(envoy_binary()), *arguments, *timing)
    try:
        yield running
    finally:
        process.kill()
        await process.wait()
        shutil.rmtree(directory)


@asynccontextmanager
async def answering() -> AsyncIterator[int]:
    """A server that says 200 to everything."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]


async def get(port: int, authority: str) -> int:
    async with httpx.AsyncClient(timeout=DEADLINE, trust_env=False) as client:
        return (await client.get(f"http://127.0.0.1:{port}/", headers={"host": authority})).status_code


async def test_the_first_request_brings_what_it_needs_and_a_restarted_server_sends_nothing_again() -> None:
    plane, port = Plane(), free_port()
    base = (listener("out", port, "out"), route("out"), PLACEHOLDER)
    plane.publish(*base)
    async with answering() as upstream, proxy() as envoy:
        shop = (cluster("a"), load("a", upstream), host("out/shop.default:80", ("shop", "shop.default"), to("a")))
        plane.widen = lambda names: plane.publish(*base, *shop) if "out/shop" in names else None
        async with serving(plane, address=f"unix:{envoy.socket}"):
            await until(lambda: plane.is_synced)
            assert plane.session is not None
            assert plane.session.accepted[CLUSTER] == {}

            assert await get(port, "shop") == 200
            assert await get(port, "shop.default") == 200

            assert plane.session.wanted[VIRTUAL_HOST] == {"out/shop"}
            assert plane.session.wanted[ENDPOINT] == {"a"}
        assert await get(port, "shop") == 200  # Nobody is there to ask.

        async with serving(plane, address=f"unix:{envoy.socket}"):
            await until(lambda: plane.is_synced)
            session = plane.session
            assert session is not None
            names = {kind: set(session.accepted[kind]) for kind in (CLUSTER, ENDPOINT, LISTENER, ROUTE, VIRTUAL_HOST)}
            assert names[VIRTUAL_HOST] == {"out/placeholder", "out/shop.default:80"}
            assert session.wanted[VIRTUAL_HOST] == {"out/shop"}
            assert session.response_count == 0

            plane.widen = lambda names: None
            plane.publish(*base)
            await until(lambda: plane.is_synced)
            assert session.accepted[CLUSTER] == {}
            assert set(session.accepted[VIRTUAL_HOST]) == {"out/placeholder"}


async def test_listeners_come_go_and_come_back_with_their_virtual_hosts() -> None:
    plane, port = Plane(), free_port()
    async with answering() as upstream, proxy() as envoy, serving(plane, address=f"unix:{envoy.socket}"):
        shop = (cluster("a"), load("a", upstream))
        gateway = (listener("gateway", port, "gateway"), route("gateway"), host("gateway/*", ("*",), to("a")))
        plane.publish(*shop, *gateway)
        await until(lambda: plane.is_synced)
        assert await get(port, "any") == 200

        plane.publish(*shop)
        await until(lambda: plane.session is not None and not plane.session.wanted.get(ROUTE, frozenset({"gateway"})))
        plane.publish(*shop, *gateway)
        await until(lambda: plane.is_synced)

        assert await get(port, "any") == 200


async def test_a_changed_cluster_is_used_although_its_endpoints_are_the_same() -> None:
    plane, port = Plane(), free_port()
    async with answering() as upstream, proxy() as envoy, serving(plane, address=f"unix:{envoy.socket}"):
        rest = (load("a", upstream), listener("in", port, "in"), route("in"), host("in/*", ("*",), to("a")))
        plane.publish(cluster("a"), *rest)
        await until(lambda: plane.is_synced)

        plane.publish(cluster("a", lb_policy="RANDOM"), *rest)
        await until(lambda: plane.is_synced)

        assert await envoy.warming() == 0
        assert await get(port, "any") == 200


async def test_each_refusal_is_found_and_what_was_good_goes_on() -> None:
    plane, port = Plane(), free_port()
    async with answering() as upstream, proxy() as envoy, serving(plane, address=f"unix:{envoy.socket}"):
        good = (
            cluster("a"),
            load("a", upstream),
            listener("in", port, "in"),
            route("in"),
            host("in/a", ("a",), to("a")),
        )
        plane.publish(*good)
        await until(lambda: plane.is_synced)
        other = host("in/other", ("other",), to("a"))

        plane.publish(
            good[0],
            load("a", 70_000),
            *good[2:],
            other,
            cluster("slow", connect_timeout="-1s"),
            cluster("odd", lb_policy="CLUSTER_PROVIDED"),
            listener("taken", port, "in"),
            listener("impossible", 70_000, "in"),
            host("in/regex", ("regex",), to("a"), {"safe_regex": {"regex": "(("}}),
            host("in/nowhere", (), to("a")),
            host("in/twice", ("a",), to("a")),
        )
        await until(lambda: plane.is_settled and len(plane.refused()) == 8)

        reasons = plane.refused()
        assert reasons["a"] == "SocketAddress.PortValue: value must be less than or equal to 65535"
        assert reasons["slow"] == "Invalid duration: Expected positive duration: seconds: -1"
        assert "'odd' did not provide one" in reasons["odd"]
        assert "duplicate address" in reasons["taken"]
        assert reasons["impossible"] == "SocketAddress.PortValue: value must be less than or equal to 65535"
        assert reasons["in/regex"] == "missing ): (("
        assert reasons["in/nowhere"] == "VirtualHost.Domains: value must contain at least 1 item(s)"
        assert "Duplicate entry of domain a" in reasons["in/twice"]
        assert await get(port, "a") == 200
        assert await get(port, "other") == 200

        plane.publish(*good, other, host("in/regex", ("regex",), to("a")))
        await until(lambda: plane.is_synced)
        assert await get(port, "regex") == 200

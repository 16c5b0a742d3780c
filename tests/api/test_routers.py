from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from tests.dialects.traefik.reading import document
from tests.flow.edge.building import STANDING
from tulle.api.routers import application
from tulle.flow.build import Builder
from tulle.kit.located_yaml import Malformed

TEXT = """
entryPoints: {web: {address: ":8080"}, dns: {address: ":53/udp"}}
ping: {entryPoint: web}
providers: {rest: {}}
http:
  routers:
    a: {rule: Path(`/a`), service: s, middlewares: [m]}
    b: {rule: Path(`/b`), service: nope}
    c: {rule: Hots(`/b`), service: s}
  services:
    s: {loadBalancer: {servers: [{url: "http://10.0.0.1"}]}}
    w: {weighted: {services: [{name: s}]}}
  middlewares: {m: {addPrefix: {prefix: /m}}}
tcp:
  routers: {t: {rule: HostSNI(`*`), service: db}}
  services: {db: {loadBalancer: {servers: [{address: "10.0.0.1:5432"}]}}}
"""


class State:
    """What a control plane that read the text says."""

    def __init__(self) -> None:
        builder = Builder()
        self.mesh = builder.build((document(TEXT), STANDING))
        self.documents = builder.documents

    def proxies(self) -> tuple[()]:
        """None."""
        return ()


@pytest.fixture(scope="module")
def client() -> TestClient:
    put: list[bytes] = []

    def take(data: bytes) -> None:
        if data == b"no":
            raise Malformed(0, "not YAML")
        put.append(data)

    return TestClient(application(State(), take))  # type: ignore[arg-type]


class TestClient:
    """Asks the application itself."""

    __test__ = False

    def __init__(self, app: Any) -> None:
        self._app = app

    def get(self, url: str) -> httpx.Response:
        return self._run("GET", url)

    def put(self, url: str, content: bytes) -> httpx.Response:
        return self._run("PUT", url, content)

    def _run(self, method: str, url: str, content: bytes = b"") -> httpx.Response:
        async def asked() -> httpx.Response:
            transport = httpx.ASGITransport(self._app)
            async with httpx.AsyncClient(transport=transport, base_url="http://edge") as client:
                return await client.request(method, url, content=content)

        return asyncio.run(asked())


def got(client: TestClient, path: str, status: int = 200) -> Any:
    answer = client.get(f"/api/{path}")
    assert answer.status_code == status
    return answer.json()


def test_routers_with_what_became_of_them(client: TestClient) -> None:
    found = {each["name"]: each for each in got(client, "http/routers")}
    assert sorted(found) == ["a@file", "b@file", "c@file", "ping@internal"]
    a, b = found["a@file"], found["b@file"]
    assert (a["status"], a["using"], a["middlewares"], a["priority"]) == ("enabled", ["web"], ["m@file"], 10)
    assert a["provider"] == "file"
    assert (b["status"], len(b["error"])) == ("disabled", 1)
    assert found["c@file"]["error"][0].startswith('router c: "rule" is no rule')
    assert found["ping@internal"]["rule"] == "PathPrefix(`/ping`)"
    assert got(client, "http/routers/a@file") == a
    assert got(client, "http/routers/x@file", 404) == {"message": "router not found: x@file"}


def test_services_and_middlewares(client: TestClient) -> None:
    found = {each["name"]: each for each in got(client, "http/services")}
    assert found["s@file"]["usedBy"] == ["a@file"]
    assert found["s@file"]["serverStatus"] == {"http://10.0.0.1": "UP"}
    assert list(found["s@file"]["loadBalancer"]) == ["servers", "strategy", "passHostHeader", "responseForwarding"]
    assert (found["s@file"]["type"], found["w@file"]["type"]) == ("loadbalancer", "weighted")
    (step,) = got(client, "http/middlewares")
    assert (step["type"], step["usedBy"], step["addPrefix"]) == ("addprefix", ["a@file"], {"prefix": "/m"})
    (db,) = got(client, "tcp/services")
    assert db["serverStatus"] == {"10.0.0.1:5432": "UP"}
    assert got(client, "udp/routers") == []


def test_everything_together(client: TestClient) -> None:
    raw = got(client, "rawdata")
    assert sorted(raw) == ["middlewares", "routers", "services", "tcpRouters", "tcpServices"]
    assert "name" not in raw["routers"]["a@file"]
    overview = got(client, "overview")
    assert overview["http"]["routers"] == {"total": 4, "warnings": 0, "errors": 2}
    assert overview["providers"] == ["Rest"]
    assert got(client, "version")["Codename"] == "tulle"
    assert [each["name"] for each in got(client, "entrypoints")] == ["dns", "web"]
    assert got(client, "entrypoints/web")["address"] == "0.0.0.0:8080"


def test_pages_and_searches(client: TestClient) -> None:
    answer = client.get("/api/http/routers?per_page=1&page=2")
    assert ([each["name"] for each in answer.json()], answer.headers["x-next-page"]) == (["b@file"], "3")
    assert client.get("/api/http/routers").headers["x-next-page"] == "1"
    for query in ("page=0", "page=x", "page=9"):
        assert client.get(f"/api/http/routers?{query}").status_code == 400
    queries = {
        "search=/A": ["a@file"],
        "status=enabled": ["a@file", "ping@internal"],
        "serviceName=s@file": ["a@file", "c@file"],
        "middlewareName=m@file": ["a@file"],
    }
    for query, names in queries.items():
        assert [each["name"] for each in got(client, f"http/routers?{query}")] == names


def test_what_there_is_not(client: TestClient) -> None:
    for path in ("http/x", "x/routers", "x/routers/a", "nothing"):
        answer = client.get(f"/api/{path}")
        assert (answer.status_code, answer.text) == (404, "404 page not found\n")
        assert answer.headers["x-content-type-options"] == "nosniff"


def test_configuration_that_is_put_here(client: TestClient) -> None:
    assert client.put("/api/providers/rest", content=b"{}").status_code == 200
    assert client.put("/api/providers/rest", content=b"no").json() == {"message": "not YAML"}
    assert client.put("/api/providers/docker", content=b"{}").status_code == 404


def test_numbers_are_told_to_prometheus(client: TestClient) -> None:
    answer = client.get("/metrics")
    assert (answer.status_code, answer.text) == (200, "")

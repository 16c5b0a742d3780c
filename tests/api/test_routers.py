from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from tests.api.seen import Seen
from tulle.api import routers
from tulle.api.routers import application
from tulle.kit.located_yaml import Malformed

TEXT = """
entryPoints: {web: {address: ":8080"}, dns: {address: "[::1]:53/udp"}}
ping: {entryPoint: web}
accessLog: {}
providers: {rest: {}}
http:
  routers:
    a: {rule: Path(`/a`), service: s, middlewares: [m]}
    b: {rule: Path(`/b`), service: nope}
    c: {rule: Hots(`/b`), service: s}
  services:
    s: {loadBalancer: {servers: [{url: "http://10.0.0.1"}]}}
    w: {weighted: {services: [{name: s}]}}
  middlewares: {m: {addPrefix: {prefix: "/m/a<b"}}}
tcp:
  routers: {t: {rule: HostSNI(`*`), service: db}}
  services: {db: {loadBalancer: {servers: [{address: "10.0.0.1:5432"}]}}}
"""


@pytest.fixture(scope="module")
def client() -> TestClient:
    put: list[bytes] = []

    def take(data: bytes) -> None:
        if data == b"no":
            raise Malformed(0, "not YAML")
        put.append(data)

    return TestClient(application(Seen(TEXT), take))


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
    answer = client.get(f"/api/api/{path}")
    assert answer.status_code == status
    return answer.json()


def test_one_or_all(client: TestClient) -> None:
    found = {each["name"]: each for each in got(client, "http/routers")}
    assert got(client, "http/routers/a@file") == found["a@file"]
    answer = client.get("/api/api/http/routers/x@file")
    assert (answer.status_code, answer.text) == (404, '{"message":"router not found: x@file"}\n')
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert got(client, "udp/routers") == []


def test_everything_together(client: TestClient) -> None:
    raw = got(client, "rawdata")
    assert sorted(raw) == ["middlewares", "routers", "services", "tcpRouters", "tcpServices"]
    assert "name" not in raw["routers"]["a@file"]
    overview = got(client, "overview")
    assert overview["http"]["routers"] == {"total": 4, "warnings": 0, "errors": 2}
    assert overview["providers"] == ["Rest"]
    assert overview["features"] == {"tracing": "", "metrics": "", "accessLog": True}
    assert got(client, "version")["Version"].startswith("3.")
    assert [each["name"] for each in got(client, "entrypoints")] == ["dns", "web"]
    assert got(client, "entrypoints/web")["address"] == ":8080"
    assert got(client, "entrypoints/dns")["address"] == "[::1]:53/udp"


def test_signs_of_pages_are_escaped(client: TestClient) -> None:
    assert "a\\u003cb" in client.get("/api/api/http/middlewares").text


def test_pages_and_searches(client: TestClient) -> None:
    answer = client.get("/api/api/http/routers?per_page=1&page=2")
    assert ([each["name"] for each in answer.json()], answer.headers["x-next-page"]) == (["b@file"], "3")
    assert client.get("/api/api/http/routers").headers["x-next-page"] == "1"
    problems = {
        "page=0": "page: 0",
        "page=x": "page: 0",
        "page=9": "page: 9, per_page: 100",
        "per_page=-1": "per_page: -1",
    }
    for query, problem in problems.items():
        answer = client.get(f"/api/api/http/routers?{query}")
        assert (answer.status_code, answer.json()["message"]) == (400, f"invalid request: {problem}")
    queries = {
        "search=/A": ["a@file"],
        "status=enabled": ["a@file", "ping@internal"],
        "serviceName=s@file": ["a@file", "c@file"],
        "middlewareName=m@file": ["a@file"],
        "sortBy=priority&direction=desc&per_page=2": ["ping@internal", "c@file"],
        "sortBy=status": ["b@file", "c@file", "a@file", "ping@internal"],
        "sortBy=entryPoints": ["a@file", "b@file", "c@file", "ping@internal"],
    }
    for query, names in queries.items():
        assert [each["name"] for each in got(client, f"http/routers?{query}")] == names


def test_what_there_is_not(client: TestClient) -> None:
    for path in ("http/x", "x/routers", "x/routers/a", "nothing", "udp/middlewares"):
        answer = client.get(f"/api/api/{path}")
        assert (answer.status_code, answer.text) == (404, "404 page not found\n")
        assert answer.headers["x-content-type-options"] == "nosniff"
    assert client.put("/api/api/version", content=b"").status_code == 405


def test_who_may_read_may_not_write(client: TestClient) -> None:
    assert client.put("/api/api/providers/rest", content=b"{}").status_code == 405
    assert client.get("/rest/api/version").status_code == 404


def test_configuration_that_is_put_here(client: TestClient) -> None:
    answer = client.put("/rest/api/providers/rest", content=b"{}")
    assert (answer.status_code, answer.text) == (200, "{}")
    assert client.put("/rest/api/providers/rest", content=b"no").text == "not YAML\n"
    assert client.put("/rest/api/providers/docker", content=b"{}").status_code == 400


def test_what_is_put_here_is_not_too_long(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routers, "LARGEST", 1024**2)
    answer = client.put("/rest/api/providers/rest", content=b" " * (1024**2 + 1))
    assert (answer.status_code, answer.text) == (400, "larger than 1 MB\n")


def test_numbers_are_told_to_prometheus(client: TestClient) -> None:
    answer = client.get("/prometheus/metrics")
    assert (answer.status_code, answer.text) == (200, "")


def test_a_page_for_people(client: TestClient) -> None:
    for path in ("/dashboard/", "/dashboard/dashboard"):
        answer = client.get(path)
        assert (answer.status_code, answer.headers["location"]) == (301, "/dashboard/")
    answer = client.get("/dashboard/dashboard/")
    assert answer.headers["content-type"] == "text/html; charset=utf-8" and "HTTP routers" in answer.text

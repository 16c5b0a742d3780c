"""The consultant answers as the real Traefik does: same configuration, same requests, same answers."""

from __future__ import annotations

import base64
import hashlib
import http.client
import re
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from tests.e2e.asked_and_real import Edge, World, redis_server, side_by_side
from tests.e2e.machine import Answer, eventually

pytestmark = pytest.mark.e2e

COMPARED = ("www-authenticate", "retry-after", "x-content-type-options")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    # Paths of sockets are short.
    with (
        tempfile.TemporaryDirectory() as sockets,
        side_by_side(tmp_path_factory.mktemp("edges"), Path(sockets)) as found,
    ):
        yield found


def essence(answer: Answer) -> object:
    """What must be the same: for refusals everything, for others what the service saw."""
    headers = {name: answer.headers[name] for name in COMPARED if name in answer.headers}
    if "www-authenticate" in headers:
        headers["content-type"] = answer.headers["content-type"]
        headers["www-authenticate"] = re.sub('(nonce|opaque)="[^"]+"', "", headers["www-authenticate"])
    if answer.status == 200:
        seen = {name: answer.json.get(name, "") for name in ("authorization", "x-user")}
        return 200, {name: "proof" if value.startswith("Digest") else value for name, value in seen.items()}
    return answer.status, headers, answer.body


def same(world: World, ask: Callable[[Edge], Answer]) -> Answer:
    """Ask both; the answer, which must be the same."""
    real, ours = (ask(edge) for edge in world.both)
    assert essence(ours) == essence(real)
    return ours


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    ("credentials", "status"),
    [
        ("bcrypt:secret", 200),
        ("apr1:secret", 200),
        ("md5:secret", 200),
        ("sha:secret", 200),
        ("both:secret", 200),
        ("filed:secret", 200),
        ("plain:secret", 401),
        ("bcrypt:wrong", 401),
        ("apr1:wrong", 401),
        ("sha:", 401),
        ("nobody:secret", 401),
        ("sha", 401),
    ],
)
def test_passwords(world: World, credentials: str, status: int) -> None:
    for scheme in ("Basic", "basic"):
        header = {"Authorization": f"{scheme} {encoded(credentials)}"}
        assert same(world, lambda edge, header=header: edge.get("/basic", header)).status == status  # type: ignore[misc]


@pytest.mark.parametrize("header", ["", "Basic", "Basic ???", "Basic c2hhOnNlY3JldA", "Digest x", "Bearer x"])
def test_what_is_no_password(world: World, header: str) -> None:
    assert same(world, lambda edge: edge.get("/basic", {"Authorization": header})).status == 401


def test_realms_and_what_the_service_sees(world: World) -> None:
    assert 'realm="our shop"' in same(world, lambda edge: edge.get("/realm")).headers["www-authenticate"]
    header = {"Authorization": f"Basic {encoded('sha:secret')}", "X-User": "forged"}
    assert same(world, lambda edge: edge.get("/basic", header)).json["x-user"] == "sha"
    assert same(world, lambda edge: edge.get("/realm", header)).json["authorization"] == header["Authorization"]


def h(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()


class Browser:
    """Answers the challenge of one edge."""

    def __init__(self, edge: Edge) -> None:
        self.edge = edge
        self.said = dict(re.findall(r'(\w+)="([^"]*)"', edge.get("/digest").headers["www-authenticate"]))

    def get(self, nc: str = "00000001", *, path: str = "/digest", uri: str = "", **other: str) -> Answer:
        user, password = other.pop("user", "ann"), other.pop("password", "secret")
        said = {"username": user, "realm": "traefik", "uri": uri or path, "qop": "auth", "nc": nc, "cnonce": "c"}
        said |= {"nonce": self.said["nonce"], "opaque": self.said["opaque"], "algorithm": "MD5"} | other
        action = h(f"GET:{said['uri']}")
        said["response"] = h(":".join((h(f"{user}:traefik:{password}"), said["nonce"], nc, "c", "auth", action)))
        bare = ("nc", "qop", "algorithm")
        proof = ", ".join(f"{k}={v}" if k in bare else f'{k}="{v}"' for k, v in said.items() if v != "-")
        return self.edge.get(path, {"Authorization": f"Digest {proof}"})


@pytest.mark.parametrize(
    ("arguments", "statuses"),
    [
        ([{}], [200]),
        ([{"nc": "00000002"}, {"nc": "00000003"}], [200, 200]),
        ([{}, {}], [200, 401]),
        ([{"nc": "00000005"}, {"nc": "00000003"}, {"nc": "00000006"}], [200, 401, 200]),
        ([{"password": "wrong"}, {}], [401, 200]),
        ([{"user": "bob"}], [401]),
        ([{"opaque": "x"}], [401]),
        ([{"nonce": "uSqH+sggs4i666vP"}], [401]),
        ([{"algorithm": "-"}], [200]),
        ([{"algorithm": "SHA-256"}], [401]),
        ([{"qop": "-"}], [401]),
        ([{"nc": "zz"}], [401]),
        ([{"path": "/digest?a=b"}], [200]),
        ([{"path": "/digest?a=b", "uri": "/digest"}], [200]),
        ([{"path": "/digest/a", "uri": "/digest"}], [200]),
        ([{"path": "/digest", "uri": "/digest/a"}], [401]),
        ([{"realm": "other"}], [200]),
    ],
    ids=str,
)
def test_digests(world: World, arguments: list[dict[str, str]], statuses: list[int]) -> None:
    real, ours = (Browser(edge) for edge in world.both)
    for each, status in zip(arguments, statuses, strict=True):
        answers = real.get(**each), ours.get(**each)
        assert essence(answers[1]) == essence(answers[0])
        assert answers[1].status == status


def test_digests_of_a_client_that_was_not_written_for_this(world: World) -> None:
    for edge in world.both:
        with httpx.Client(auth=httpx.DigestAuth("ann", "secret"), trust_env=False) as client:
            for path in ("/digest", "/digest/a?b=c", "/digest"):
                answer = client.get(f"http://127.0.0.1:{edge.port}{path}")
                assert (answer.status_code, answer.json()["x-user"]) == (200, "ann")


def test_none_in_flight(world: World) -> None:
    for path in ("/none", "/long"):
        answer = same(world, lambda edge, path=path: edge.get(path))  # type: ignore[misc]
        assert (answer.status, answer.body) == (429, "max connections reached: 0")


def test_so_many_in_flight(world: World) -> None:
    for edge in world.both:
        with ThreadPoolExecutor(4) as pool:
            slow = [pool.submit(edge.get, "/two?sleep=0.2&slowly=0.3", {"X-Key": "a"}) for _ in range(2)]
            # Also while the answer is on its way.
            for _ in range(2):
                time.sleep(0.15)
                refused = edge.get("/two", {"X-Key": "a"})
                assert (refused.status, refused.body) == (429, "max connections reached: 2"), edge
            assert edge.get("/two", {"X-Key": "b"}).status == 200
            assert [each.result().status for each in slow] == [200, 200]
        eventually(lambda edge=edge: edge.get("/two", {"X-Key": "a"}).status == 200, within=1)  # type: ignore[misc]


def test_who_goes_away_is_not_in_flight(world: World) -> None:
    for edge in world.both:
        for _ in range(2):
            with closing(http.client.HTTPConnection("127.0.0.1", edge.port)) as connection:
                connection.request("GET", "/two?sleep=2", headers={"X-Key": "gone"})
                time.sleep(0.1)
        eventually(lambda edge=edge: edge.get("/two", {"X-Key": "gone"}).status == 200, within=1)  # type: ignore[misc]


def test_a_service_that_fails_is_left_alone_for_a_while(world: World) -> None:
    for edge in world.both:
        assert [edge.get("/breaker").status for _ in range(3)] == [200, 200, 200], edge
        time.sleep(0.15)
        assert edge.get("/breaker?status=500").status == 500
        time.sleep(0.15)
        assert edge.get("/breaker?status=500").status == 500
        refused = eventually(lambda edge=edge: (a := edge.get("/breaker")).status == 504 and a, within=1)  # type: ignore[misc]
        assert refused.body == "Gateway Timeout"
        time.sleep(1.05)
        parts = []
        for _ in range(2):
            statuses, until = [], time.monotonic() + 1
            while time.monotonic() < until:
                statuses.append(edge.get("/breaker").status)
                time.sleep(0.01)
            parts.append(statuses.count(200) / len(statuses))
        assert 0.15 < parts[0] < 0.35 < 0.65 < parts[1] < 0.85, (edge, parts)
        assert [edge.get("/breaker").status for _ in range(5)] == [200] * 5, edge


def test_a_service_that_is_slow_is_left_alone(world: World) -> None:
    for edge in world.both:
        assert edge.get("/latency?sleep=0.1&slowly=0.25").status == 200
        eventually(lambda edge=edge: edge.get("/latency").status == 503, within=1)  # type: ignore[misc]


@pytest.mark.parametrize("path", ["/memory", "/redis"])
def test_rates(world: World, path: str) -> None:
    with redis_server(world):
        for edge in world.both:
            # The same Redis, and the same step: they count together, so each has clients of its own.
            header = {"X-Key": edge.name}
            answers = [edge.get(path, header) for _ in range(5)]
            assert [each.status for each in answers] == [200, 200, 200, 429, 429], edge
            refused = answers[-1]
            assert (refused.body, refused.headers["retry-after"]) == ("Too Many Requests", "5")
            assert re.fullmatch(r"4\.\d+s", refused.headers["x-retry-in"])
            time.sleep(max(0.0, float(refused.headers["x-retry-in"][:-1]) - 0.3))
            began = time.monotonic()
            assert edge.get(path, header).status == 200
            assert 0.2 < time.monotonic() - began < 0.5, edge


def test_those_who_share_a_redis_count_together(world: World) -> None:
    with redis_server(world):
        for key, edges in (("a", world.both), ("b", world.both[::-1])):
            statuses = [edge.get("/redis", {"X-Key": key}).status for edge in (*edges, *edges, *edges)]
            assert statuses == [200, 200, 200, 429, 429, 429]


def test_without_the_redis(world: World) -> None:
    assert same(world, lambda edge: edge.get("/redis", {"X-Key": "x"})).status == 500


def test_quick_rates(world: World) -> None:
    for edge in world.both:
        began, passed = time.monotonic(), 0
        while time.monotonic() < began + 1:
            passed += edge.get("/quick").status == 200
        assert 10 <= passed <= 14, (edge, passed)


def test_a_flood_of_wrong_passwords_keeps_nobody_out(world: World) -> None:
    header = {"Authorization": f"Basic {encoded('ann:secret')}"}
    assert world.ours.get("/slow", header).status == 200
    with ThreadPoolExecutor(30) as pool:
        wrong = [f"Basic {encoded(f'ann:{each}')}" for each in range(60)]
        flood = [pool.submit(world.ours.get, "/slow", {"Authorization": each}) for each in wrong]
        time.sleep(0.2)
        took = []
        for _ in range(10):
            began = time.monotonic()
            assert world.ours.get("/slow", header).status == 200
            assert world.ours.get("/slow", {"Authorization": f"Basic {encoded('sha:secret')}"}).status == 200
            took.append(time.monotonic() - began)
        assert {each.result().status for each in flood} <= {401, 503}
    assert sorted(took)[5] < 0.2, took


def test_without_the_consultant_passwords_are_refused_and_nothing_is_counted(world: World) -> None:
    header = {"Authorization": f"Basic {encoded('sha:secret')}"}
    world.stop_consultant()
    assert world.ours.get("/basic", header).status == 503
    assert [world.ours.get(path).status for path in ("/none", "/two", "/breaker")] == [200, 200, 200]
    world.start_consultant()
    assert world.ours.get("/basic", header).status == 200
    assert world.ours.get("/none").status == 429


def test_keys_in_the_redis_are_those_of_others(world: World) -> None:
    with redis_server(world):
        kept = []
        for edge in world.both:
            edge.get("/redis", {"X-Key": "k"})
            command = ["redis-cli", "-p", str(world.redis)]
            keys = subprocess.run([*command, "keys", "*"], capture_output=True, text=True, check=True).stdout
            fields = subprocess.run(
                [*command, "hkeys", keys.strip()], capture_output=True, text=True, check=True
            ).stdout.split()
            kept.append((keys, fields))
            subprocess.run([*command, "flushall"], capture_output=True, check=True)
        assert kept[0] == kept[1] == ("rate:redis@file:k\n", ["last", "tokens"])

from __future__ import annotations

import asyncio
import json
import logging
import stat
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest

from tests.clients.servers import Web, web
from tests.envoy.policies import token_rule, tokens
from tulle.flow import key_cache
from tulle.flow.key_cache import FIRST_RETRY, LAST_RETRY, MEMORY, REFRESH, Kept, KeyCache, Record
from tulle.flow.key_sets import read_endpoints
from tulle.flow.keys import CONFIGURATION, endpoints_address
from tulle.kit.clock import ManualClock
from tulle.kit.codec import encode
from tulle.model.mesh import Mesh
from tulle.model.routers import EdgeState
from tulle.model.security import TokenRule

ONE, TWO = '{"keys":[{"k":"AQ","kid":"1","kty":"oct"}]}', '{"keys":[{"k":"AQ","kid":"2","kty":"oct"}]}'


@dataclass
class Pauses:
    """Time that passes when a test says so: every pause lasts until `pass_`."""

    waiting: list[tuple[float, asyncio.Event]] = field(default_factory=list)

    async def __call__(self, seconds: float) -> None:
        ended = asyncio.Event()
        self.waiting.append((seconds, ended))
        await ended.wait()

    async def begun(self) -> None:
        """Somebody pauses."""
        await until(lambda: bool(self.waiting))

    async def pass_(self) -> float:
        """Let one pause begin and end; how long it would have been."""
        await self.begun()
        seconds, ended = self.waiting.pop(0)
        ended.set()
        return seconds


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.005)


@dataclass
class World:
    path: Path
    server: Web
    clock: ManualClock = field(default_factory=ManualClock)
    pauses: Pauses = field(default_factory=Pauses)
    changes: int = 0

    def cache(self) -> KeyCache:
        found = KeyCache(self.path, self.count, self.clock, self.pauses)
        found.load()
        return found

    def count(self) -> None:
        self.changes += 1

    @property
    def address(self) -> str:
        return self.server.at("/keys")

    def rule(self, **more: float) -> TokenRule:
        return replace(token_rule(jwks_uri=self.address, timeout=2.0), **more)  # type: ignore[arg-type]


def mesh(*rules: TokenRule) -> Mesh:
    policy = tokens(*rules)
    return Mesh(tokens={policy.name: policy})


@asynccontextmanager
async def running(cache: KeyCache) -> AsyncIterator[None]:
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(cache.run())
        yield
        task.cancel()


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    with web() as server:
        server.answers["/keys"] = ONE.encode()
        yield World(tmp_path / "keys.json", server)


async def test_keys_are_fetched_kept_and_fetched_again(world: World) -> None:
    cache = world.cache()
    async with running(cache):
        cache.follow(mesh(world.rule()))
        assert REFRESH * 0.9 <= await world.pauses.pass_() <= REFRESH * 1.1
        assert (cache.sets, world.changes) == ({world.address: ONE}, 1)
        assert stat.S_IMODE(world.path.stat().st_mode) == 0o600
        before = cache.sets
        world.server.answers["/keys"] = json.dumps(json.loads(ONE), indent=4).encode()
        await world.pauses.pass_()
        assert (cache.sets is before, world.changes) == (True, 1), "the same keys in another layout"
        world.server.answers["/keys"] = TWO.encode()
        await world.pauses.pass_()
        await until(lambda: cache.sets == {world.address: TWO})
        assert world.changes == 2
        assert cache.findings == ()


async def test_a_failure_keeps_the_last_keys_and_is_told(world: World) -> None:
    cache = world.cache()
    async with running(cache):
        cache.follow(mesh(world.rule()))
        await world.pauses.pass_()
        for answer, reason in (
            (500, "the answer is 500 Internal Server Error"),
            (b"rubbish", "the answer is not JSON"),
            (b" " * 2**21, "the answer is larger than 1024 KiB"),
        ):
            world.server.answers["/keys"] = answer
            world.clock.advance(3600)
            await until(lambda reason=reason: any(reason in each.message for each in cache.findings))  # type: ignore[misc]
            (finding,) = cache.findings
            assert not finding.is_error
            assert finding.message.endswith("; the last known keys from 2026-01-01 00:00 UTC still count")
            assert cache.sets == {world.address: ONE}
            await world.pauses.pass_()
        world.server.answers["/keys"] = TWO.encode()
        await world.pauses.pass_()
        await until(lambda: not cache.findings)
        assert cache.sets == {world.address: TWO}


async def test_after_a_failure_it_is_soon_tried_again(world: World, caplog: pytest.LogCaptureFixture) -> None:
    cache = world.cache()
    world.server.answers["/keys"] = 503
    async with running(cache):
        cache.follow(mesh(world.rule()))
        with caplog.at_level(logging.WARNING, key_cache.__name__):
            delays = [await world.pauses.pass_() for _ in range(9)]
            await world.pauses.begun()
        assert len(caplog.records) == world.changes == 1, "the same failure is told once"
        assert "no token of it can be verified yet" in cache.findings[0].message
        world.server.answers["/keys"] = ONE.encode()
        delays.append(await world.pauses.pass_())
        assert FIRST_RETRY * 0.9 <= delays[0] <= FIRST_RETRY * 1.1
        assert LAST_RETRY * 0.9 <= delays[-1] <= LAST_RETRY * 1.1
        await world.pauses.begun()
        world.server.answers["/keys"] = 503
        assert await world.pauses.pass_() >= REFRESH * 0.9
        assert await world.pauses.pass_() <= FIRST_RETRY * 1.1, "a success ends the series of failures"


async def test_nobody_waits_longer_than_a_rule_says(world: World) -> None:
    cache = world.cache()
    world.server.answers["/keys"] = lambda _: world.server.ended.wait()
    async with running(cache):
        cache.follow(mesh(world.rule(timeout=0.2)))
        await until(lambda: bool(cache.findings))
        assert "no answer within 0.2 s" in cache.findings[0].message


async def test_a_restart_while_the_issuer_is_away_goes_on_with_the_keys(world: World) -> None:
    cache = world.cache()
    async with running(cache):
        cache.follow(mesh(world.rule()))
        await world.pauses.pass_()
    world.server.close()
    again = world.cache()
    assert again.sets == {world.address: ONE}
    async with running(again):
        again.follow(mesh(world.rule()))
        await until(lambda: bool(again.findings))
        assert "connection refused; the last known keys from 2026-01-01 00:00 UTC" in again.findings[0].message
        assert again.sets == {world.address: ONE}


async def test_the_configuration_of_an_issuer_leads_to_its_keys(world: World) -> None:
    issuer = world.server.at("")
    world.server.answers[CONFIGURATION] = json.dumps({"jwks_uri": world.address}).encode()
    cache = world.cache()
    async with running(cache):
        cache.follow(mesh(token_rule(issuer)))
        await world.pauses.pass_()
        assert cache.sets == {issuer + CONFIGURATION: ONE}
        world.server.answers[CONFIGURATION] = b"{}"
        await until(lambda: bool(cache.findings))
        assert "it has no address" in cache.findings[0].message
        assert cache.sets == {issuer + CONFIGURATION: ONE}


async def test_where_people_sign_in_is_kept_too(world: World) -> None:
    said = {"authorization_endpoint": "http://a/in", "token_endpoint": "http://a/token", "jwks_uri": world.address}
    world.server.answers[CONFIGURATION] = json.dumps(said).encode()
    rule = token_rule(world.server.at(""))
    edge = EdgeState(token_rules=(rule,), sign_in_rules=(rule,))
    cache = world.cache()
    async with running(cache):
        cache.follow(Mesh(edge=edge))
        await until(lambda: len(cache.sets) == 2)
        await until(lambda: world.cache().sets == cache.sets)
    found = read_endpoints(cache.sets[endpoints_address(rule)])
    assert (found.authorization, found.token) == ("http://a/in", "http://a/token")


async def test_what_no_rule_needs_is_not_fetched_and_forgotten_in_a_day(world: World) -> None:
    cache, other = world.cache(), world.server.at("/other")
    world.server.answers["/other"] = TWO.encode()
    both = mesh(world.rule(), token_rule(jwks_uri=other))
    async with running(cache):
        cache.follow(both)
        await until(lambda: len(cache.sets) == 2)
        await until(lambda: len(world.pauses.waiting) == 2)
        cache.follow(mesh(world.rule()))
        world.clock.advance(MEMORY.total_seconds() / 2)
        cache.follow(both)
        cache.follow(mesh(world.rule()))
        world.clock.advance((MEMORY - timedelta(seconds=1)).total_seconds())
        cache.follow(mesh(world.rule()))
        assert other in cache.sets
        world.clock.advance(1)
        cache.follow(mesh(world.rule()))
        assert list(cache.sets) == [world.address]
        await until(lambda: other not in world.path.read_text())
    assert world.address in world.path.read_text()


async def test_findings_go_with_the_rules_that_they_are_about(world: World) -> None:
    cache = world.cache()
    world.server.answers["/keys"] = 500
    async with running(cache):
        same = mesh(world.rule())
        cache.follow(same)
        await until(lambda: bool(cache.findings))
        cache.follow(replace(same))
        assert world.changes == 1, "nothing is different"
        cache.follow(mesh(world.rule(), replace(world.rule(), issuer="other")))
        assert (len(cache.findings), world.changes) == (2, 2)
        cache.follow(mesh())
        assert (cache.findings, world.changes) == ((), 3)


async def test_a_fetch_that_ends_after_its_rule_hurts_nobody(world: World) -> None:
    cache = world.cache()
    cache.follow(mesh(world.rule()))
    cache.follow(mesh())
    assert await cache._fetch(world.address)
    assert cache.sets == {world.address: ONE}


async def test_what_nobody_thought_of_ends_no_other_fetch(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(answer: bytes) -> str:
        raise RuntimeError("a bug")

    cache = world.cache()
    async with running(cache):
        with monkeypatch.context() as patch:
            patch.setattr(key_cache, "canonical", fails)
            cache.follow(mesh(world.rule()))
            await until(lambda: bool(cache.findings))
        assert "a bug" in cache.findings[0].message
        assert "RuntimeError" in caplog.text
        await world.pauses.pass_()
        await until(lambda: cache.sets == {world.address: ONE})


async def test_a_full_disk_costs_only_the_memory(world: World, caplog: pytest.LogCaptureFixture) -> None:
    cache = replace(world, path=world.path / "nowhere" / "keys.json").cache()
    async with running(cache):
        cache.follow(mesh(world.rule()))
        await until(lambda: "could not be saved" in caplog.text)
        assert cache.sets == {world.address: ONE}


def test_a_damaged_file_is_put_aside(world: World, caplog: pytest.LogCaptureFixture) -> None:
    world.path.write_text("{")
    assert world.cache().sets == {}
    assert "could not be read" in caplog.text
    assert world.path.with_suffix(".unreadable").read_text() == "{"
    assert not world.path.exists()


def test_keys_that_were_kept_and_cannot_be_used_are_forgotten(world: World) -> None:
    kept = [Kept(each, keys, world.clock.now()) for each, keys in (("a", ONE), ("b", '{"keys":[{"kty":"RSA"}]}'))]
    world.path.write_bytes(encode(Record(tuple(kept))))
    assert world.cache().sets == {"a": ONE}

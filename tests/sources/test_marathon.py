"""Applications of Marathon. (There is none to be had; its answers are those of its documented REST interface, 1.9.)"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from tests.clients.servers import Handler, Web, web
from tests.sources.batches import following, routers
from tests.sources.labels.test_applications import app
from tulle.model.registries import LabelSettings, MarathonSettings
from tulle.sources.marathon import marathon_source

APPS = "/v2/apps?embed=apps.tasks&embed=apps.deployments&embed=apps.readiness"


class Marathon:
    """A stream of events, and applications."""

    def __init__(self, there: Web) -> None:
        self.there = there
        self.news = threading.Event()
        self.closed = threading.Event()
        there.answers["/v2/events"] = self.events
        self.put(app())

    def put(self, *apps: Any) -> None:
        self.there.answers[APPS] = json.dumps({"apps": apps}).encode()

    def events(self, handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header("content-type", "text/event-stream")
        handler.end_headers()
        handler.wfile.write(b"event: event_stream_attached\r\ndata: {}\r\n\r\n")
        while not self.closed.is_set() and not self.there.ended.is_set():
            if self.news.wait(0.02):
                self.news.clear()
                handler.wfile.write(b'event: status_update_event\r\ndata: {"taskStatus": "TASK_RUNNING"}\r\n\r\n')


@pytest.fixture
def marathon() -> Iterator[Marathon]:
    with web() as there:
        yield Marathon(there)


def settings(marathon: Marathon, **more: Any) -> MarathonSettings:
    return MarathonSettings(marathon.there.at(""), response_header_timeout=2.0, **more)


async def test_applications_change(marathon: Marathon) -> None:
    async with following(marathon_source(settings(marathon))) as batches:
        assert routers(await batches.next()) == {"shop_web"}
        marathon.put(app(), {**app(), "id": "/api"})
        marathon.news.set()
        assert routers(await batches.next()) == {"shop_web", "api"}
        assert [each.origin.file for each in batches.last.documents] == ["marathon:app/api", "marathon:app/shop/web"]


async def test_garbage_keeps_what_there_was(marathon: Marathon) -> None:
    async with following(marathon_source(settings(marathon))) as batches:
        first = await batches.next()
        marathon.there.answers[APPS] = b'{"apps": 7}'
        marathon.news.set()
        assert "no list of apps" in await batches.trouble()
        assert batches.last.documents == first.documents
        marathon.put(app())
        assert (await batches.until(lambda batch: not batch.findings)).documents == first.documents


async def test_a_stream_that_ends_is_opened_again(marathon: Marathon) -> None:
    async with following(marathon_source(settings(marathon))) as batches:
        await batches.next()
        marathon.put(app(), {**app(), "id": "/api"})
        marathon.closed.set()
        await asyncio.sleep(0.1)
        marathon.closed.clear()
        assert routers(await batches.next()) == {"shop_web", "api"}


async def test_who_refuses(marathon: Marathon) -> None:
    marathon.there.answers["/v2/events"] = 401
    async with following(marathon_source(settings(marathon))) as batches:
        assert "the answer is 401" in await batches.trouble()


@pytest.mark.parametrize(
    ("more", "header"),
    [
        ({"username": "u", "password": "p"}, "Basic dTpw"),
        ({"dcos_token": "t", "username": "u"}, "token=t"),
        ({}, None),
    ],
)
async def test_who_asks(marathon: Marathon, more: dict[str, str], header: str | None) -> None:
    seen: list[str | None] = []

    def answer(handler: Handler) -> None:
        seen.append(handler.headers["authorization"])
        handler.say(200, json.dumps({"apps": [app()]}).encode())

    marathon.there.answers[APPS] = answer
    only_once = settings(marathon, labels=LabelSettings(watch=False), **more)
    async with following(marathon_source(only_once)) as batches:
        await batches.next()
    assert seen == [header]


async def test_the_first_that_answers_counts(marathon: Marathon) -> None:
    several = MarathonSettings(f"http://127.0.0.1:1, {marathon.there.at('')}")
    async with following(marathon_source(several)) as batches:
        assert routers(await batches.next()) == {"shop_web"}


async def test_mistakes_are_told(marathon: Marathon) -> None:
    marathon.put(app({"traefik.enable": "x"}), None)
    async with following(marathon_source(settings(marathon))) as batches:
        found = await batches.next()
    assert [finding.origin.file for finding in found.findings] == ["marathon:app/shop/web", "marathon:app/?"]

"""An Eureka. (Its answers are those of its documented REST interface, in both forms that servers write.)"""

from __future__ import annotations

import json

from tests.clients.servers import web
from tests.sources.batches import following, routers
from tests.sources.legacy.test_eureka import apps, instance
from tulle.model.registries import EurekaSettings
from tulle.sources.eureka import eureka_source


async def test_applications_change() -> None:
    with web() as there:
        there.answers["/eureka/apps"] = json.dumps({"applications": apps(instance())}).encode()
        settings = EurekaSettings(there.at("/eureka"), refresh_seconds=0.05)
        async with following(eureka_source(settings)) as batches:
            first = await batches.next()
            assert routers(first) == {"frontend-SHOP"}
            there.answers["/eureka/apps"] = b"<applications/>"
            assert "no JSON" in await batches.trouble()
            assert batches.last.documents == first.documents
            there.answers["/eureka/apps"] = b'{"applications": []}'
            await batches.until(lambda batch: "so this is no Eureka" in batch.findings[0].message)
            there.answers["/eureka/apps"] = json.dumps({"applications": apps(instance(status="DOWN"))}).encode()
            assert not (await batches.until(lambda batch: not batch.unreadable)).documents


async def test_once() -> None:
    with web() as there:
        there.answers["/eureka/apps"] = json.dumps({"applications": apps(instance())}).encode()
        async with following(eureka_source(EurekaSettings(there.at("/eureka/"), watch=False))) as batches:
            assert routers(await batches.next()) == {"frontend-SHOP"}
        assert there.asked == ["/eureka/apps"]


async def test_passwords_are_not_shown() -> None:
    async with following(eureka_source(EurekaSettings("http://me:secret@127.0.0.1:1/eureka"))) as batches:
        assert "connection refused" in await batches.trouble()
        assert batches.last.findings[0].origin.file == "http://127.0.0.1:1/eureka"

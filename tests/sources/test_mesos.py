"""A master of Mesos. (There is none to be had; its answers are those of its documented state, 1.11.)"""

from __future__ import annotations

import json
from typing import Any

from tests.clients.servers import Web, redirect, web
from tests.sources.batches import following, routers
from tests.sources.legacy.test_mesos import state, task
from tulle.model.registries import MesosSettings
from tulle.sources.mesos import mesos_source


def put(there: Web, said: Any) -> None:
    there.answers["/master/state"] = json.dumps(said).encode()


async def test_tasks_change() -> None:
    with web() as there:
        put(there, state(task()))
        async with following(mesos_source(MesosSettings(there.at(""), refresh_seconds=0.05))) as batches:
            assert routers(await batches.next()) == {"frontend-shop"}
            put(there, state(task(), task("api"), task("bad", {"traefik.port": "1"})))
            found = await batches.next()
            assert routers(found) == {"frontend-shop", "frontend-api"}
            assert [each.origin.file for each in found.findings] == ["mesos:task/bad"]
            put(there, {})
            assert "no master of Mesos" in await batches.trouble()
            assert batches.last.documents == found.documents
            put(there, state())
            assert not (await batches.until(lambda batch: not batch.unreadable)).documents


async def test_the_one_that_leads_is_asked() -> None:
    with web() as leading, web() as other:
        put(leading, {**state(task()), "leader": "master@10.0.0.1:5050", "pid": "master@10.0.0.1:5050"})
        other.answers["/master/state"] = redirect(leading.at("/master/state"))
        async with following(mesos_source(MesosSettings(other.at(""), watch=False))) as batches:
            assert routers(await batches.next()) == {"frontend-shop"}


async def test_one_that_does_not_lead() -> None:
    with web() as there:
        put(there, {**state(), "leader": "master@10.0.0.9:5050", "pid": "master@10.0.0.1:5050"})
        async with following(mesos_source(MesosSettings(there.at("")))) as batches:
            assert "it does not lead; 10.0.0.9:5050 does" in await batches.trouble()

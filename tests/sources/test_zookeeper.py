from __future__ import annotations

from tulle.model.providers import ZooKeeperSettings
from tulle.sources.zookeeper import zookeeper_source


async def test_nobody_is_there() -> None:
    source = zookeeper_source(ZooKeeperSettings(endpoints=("127.0.0.1:1",), root_key="edge"))
    batch = await anext(source.batches())
    assert batch.unreadable == {""} and batch.findings[0].origin.file == "zookeeper:edge"

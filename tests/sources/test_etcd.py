from __future__ import annotations

from tulle.model.providers import EtcdSettings
from tulle.sources.etcd import etcd_source


async def test_every_endpoint_is_tried() -> None:
    source = etcd_source(EtcdSettings(endpoints=("127.0.0.1:1", "127.0.0.1:2"), root_key="/edge/"))
    batch = await anext(source.batches())
    assert batch.unreadable == {""}
    assert "etcd cannot be read since " in batch.findings[0].message
    assert (source.name, batch.findings[0].origin.file) == ("etcd", "etcd:edge")

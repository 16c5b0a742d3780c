from __future__ import annotations

from tulle.model.providers import ConsulSettings
from tulle.sources.consul import consul_sources


async def test_every_namespace_is_a_provider() -> None:
    assert [each.name for each in consul_sources(ConsulSettings())] == ["consul"]
    sources = consul_sources(ConsulSettings(endpoints=("127.0.0.1:1",), namespaces=("a", "b")))
    assert [each.name for each in sources] == ["consul-a", "consul-b"]
    batch = await anext(sources[0].batches())
    assert batch.unreadable == {""} and batch.findings[0].origin.source == "consul-a"

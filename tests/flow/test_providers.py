from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from tulle.flow.gather import Gather
from tulle.flow.providers import Providers, more_files, unread
from tulle.kit.located_yaml import Malformed
from tulle.model.documents import BUILT_IN
from tulle.model.mesh import Mesh
from tulle.model.names import Name
from tulle.model.providers import FileSettings, Provider, ProviderSettings, RestSettings
from tulle.sources.base import Batch


def wanting(**settings: ProviderSettings) -> Mesh:
    found = (Provider(name=Name("@static", name), origin=BUILT_IN, settings=each) for name, each in settings.items())
    return Mesh(providers={each.name: each for each in found})


class Quiet:
    """A source that has nothing."""

    name = "quiet"

    async def batches(self) -> AsyncIterator[Batch]:
        yield Batch()
        await asyncio.Event().wait()


def test_files_that_are_read_anyway_are_not_read_twice(tmp_path: Path) -> None:
    inner, outer = tmp_path / "a/b.yml", tmp_path / "c.yml"
    paths = (str(inner), str(outer))
    assert unread(paths, [str(tmp_path / "a")]) == (str(outer),)
    assert unread(paths, [str(inner), str(outer)]) == ()
    mesh = wanting(file=FileSettings(paths=paths), rest=RestSettings())
    assert more_files(mesh, [str(inner)]) == (str(outer),)


async def test_sources_come_and_go_with_the_documents_that_name_them(tmp_path: Path) -> None:
    file = tmp_path / "dynamic.yml"
    file.write_text("http: {}\n")
    gather = Gather((Quiet(),))
    providers = Providers(gather, ())
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(gather.run())
        await gather.newest.next()
        mesh = wanting(file=FileSettings(paths=(str(file),)))
        assert providers.follow(mesh)
        assert not providers.follow(mesh)
        async with asyncio.timeout(10):
            while not (found := (await gather.newest.next()).documents):
                pass
            assert [each.origin.file for each in found] == [str(file)]
            other = replace(mesh, providers=wanting(file=FileSettings(paths=(str(tmp_path / "x"),))).providers)
            assert providers.follow(other)
            assert not providers.follow(wanting())
            while (await gather.newest.next()).documents:
                pass
        running.cancel()


async def test_configuration_that_others_put_here() -> None:
    gather = Gather((Quiet(),))
    providers = Providers(gather, ())
    with pytest.raises(Malformed, match="no document asks for it"):
        providers.put(b"{}")
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(gather.run())
        await gather.newest.next()
        providers.follow(wanting(rest=RestSettings()))
        providers.put(b'{"http": {"routers": {}}}')
        async with asyncio.timeout(10):
            while not (found := (await gather.newest.next()).documents):
                pass
        assert found[0].origin.source == "rest"
        providers.follow(wanting())
        with pytest.raises(Malformed, match="no document asks for it"):
            providers.put(b"{}")
        running.cancel()


async def test_a_provider_of_files_that_are_known_is_no_source(tmp_path: Path) -> None:
    file = tmp_path / "all.yml"
    providers = Providers(Gather(()), (str(file),))
    assert not providers.follow(wanting(file=FileSettings(paths=(str(file),))))

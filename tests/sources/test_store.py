"""The store as a source: complete sets, the same objects for the same text, lines within the text."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tulle.kit.located_yaml import Malformed
from tulle.model.documents import Key
from tulle.model.names import Name
from tulle.sources.base import Batch
from tulle.sources.store import StoreSource, document, origin
from tulle.store.base import Intent, Stored, StoreUnusable
from tulle.store.sqlite import SqliteStore

ME = Intent(author="me")


def service(name: str, text: str = "services:\n  web:\n    port: 80\n", namespace: str = "default") -> Stored:
    return Stored(key=Key("native/service", Name(namespace, name)), text=text, folder="/srv")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    opened = SqliteStore(tmp_path / "store.db")
    yield opened
    opened.close()


async def soon(batches: AsyncIterator[Batch]) -> Batch:
    return await asyncio.wait_for(anext(batches), 10)


async def test_everything_is_told_at_once_and_after_every_change_from_any_thread(store: SqliteStore) -> None:
    store.apply([service("web")], ME)
    batches = StoreSource(store).batches()
    first = await soon(batches)
    assert [each.key.name.name for each in first.documents] == ["web"]
    await asyncio.to_thread(store.apply, [service("db")], ME)
    assert [each.key.name.name for each in (await soon(batches)).documents] == ["db", "web"]
    await asyncio.to_thread(store.delete, [service("web").key], ME)
    assert [each.key.name.name for each in (await soon(batches)).documents] == ["db"]
    await batches.aclose()  # type: ignore[attr-defined]
    store.apply([service("late")], ME)


async def test_what_another_process_writes_is_told(store: SqliteStore, tmp_path: Path) -> None:
    batches = StoreSource(store, look=0.02).batches()
    assert (await soon(batches)).documents == ()
    other = SqliteStore(tmp_path / "store.db")
    waiting = asyncio.ensure_future(soon(batches))  # noqa: TID251
    await asyncio.sleep(0.1)
    assert not waiting.done()
    other.apply([service("web")], ME)
    assert [each.key.name.name for each in (await waiting).documents] == ["web"]
    other.close()
    await batches.aclose()  # type: ignore[attr-defined]


async def test_a_store_that_cannot_be_read_for_a_moment_is_looked_at_again(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    batches = StoreSource(store, look=0.02).batches()
    await soon(batches)

    def fails(_: SqliteStore) -> int:
        raise StoreUnusable("the disk is away")

    with monkeypatch.context() as patched:
        patched.setattr(SqliteStore, "revision", property(fails))
        waiting = asyncio.ensure_future(soon(batches))  # noqa: TID251
        await asyncio.sleep(0.1)
        assert not waiting.done()
    assert "cannot be looked at: the disk is away" in caplog.text
    store.apply([service("web")], ME)
    await waiting
    await batches.aclose()  # type: ignore[attr-defined]


async def test_an_unchanged_object_is_the_same_document(store: SqliteStore) -> None:
    store.apply([service("web"), service("db")], ME)
    batches = StoreSource(store).batches()
    before = {each.key: each for each in (await soon(batches)).documents}
    store.apply([service("web", "services:\n  web:\n    port: 81\n")], ME)
    after = {each.key: each for each in (await soon(batches)).documents}
    assert after[service("db").key] is before[service("db").key]
    assert after[service("web").key] is not before[service("web").key]
    await batches.aclose()  # type: ignore[attr-defined]


async def test_changes_that_come_together_are_told_together(store: SqliteStore) -> None:
    batches = StoreSource(store).batches()
    assert (await soon(batches)).documents == ()
    for name in ("a", "b", "c"):
        store.apply([service(name)], ME)
    assert len((await soon(batches)).documents) == 3
    await batches.aclose()  # type: ignore[attr-defined]


async def test_an_object_that_cannot_be_read_is_a_finding_and_keeps_what_it_said(store: SqliteStore) -> None:
    store.apply([service("bad", "services:\n  web: [\n"), service("good")], ME)
    batch = await soon(StoreSource(store).batches())
    assert [each.key.name.name for each in batch.documents] == ["good"]
    assert [str(finding.origin) for finding in batch.findings] == ["store:service/bad:2"]
    assert batch.unreadable == {"store:service/bad"}


def test_a_document_is_the_stored_text_with_its_lines() -> None:
    read = document(service("web"))
    assert (read.origin.source, str(read.origin)) == ("store", "store:service/web:1")
    assert (read.folder, read.key.kind, read.data) == ("/srv", "native/service", {"services": {"web": {"port": 80}}})
    assert read.data["services"]["web"].lines == {"port": 2}  # type: ignore[index]


def test_names_in_other_namespaces_are_shown_with_them() -> None:
    assert origin(Key("native/service", Name("shop", "web"))).file == "store:service/web.shop"


def test_a_text_that_is_no_mapping_is_refused() -> None:
    with pytest.raises(Malformed, match="must be a mapping"):
        document(service("web", "- a\n"))

from __future__ import annotations

import asyncio
import sqlite3
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tulle.flow.kept_versions import KeptVersions
from tulle.flow.last_good import read, slot_of
from tulle.kit.located import LocatedMap
from tulle.model.documents import Document, Key, Origin
from tulle.model.names import Name


def part(name: str, **data: object) -> Document:
    located = LocatedMap(0)
    for key, value in data.items():
        located.put(key, value, 0)
    return Document(Origin("file", "/a/b\udcff.yaml"), Key("native/access", Name("default", name)), located, "/folder")


class Plane:
    """A control plane, as far as it keeps versions; what it waits for is over at once."""

    def __init__(self, path: Path) -> None:
        self.changes = 0
        self.pauses: list[float] = []
        self.kept = KeptVersions(path, self.changed, self.pause)
        self.kept.load()

    def changed(self) -> None:
        self.changes += 1

    async def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        await asyncio.sleep(0)

    def build(self, *parts: Document, without: tuple[Document, ...] = ()) -> None:
        for each in parts:
            self.kept.last_good.note(slot_of(each), each)
        for each in without:
            self.kept.last_good.note(slot_of(each), None)
        self.kept.follow()

    @property
    def recalled(self) -> dict[str, dict[str, object]]:
        found = {slot[2].name.name: read(slot, text) for slot, text in self.kept.last_good.recalled.items()}
        return {name: dict(each.data) for name, each in found.items() if each is not None}


@asynccontextmanager
async def running(path: Path) -> AsyncIterator[Plane]:
    plane = Plane(path)
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(plane.kept.run())
        yield plane
        task.cancel()


async def until_kept(path: Path, expected: dict[str, dict[str, object]]) -> None:
    async with asyncio.timeout(10):
        while not path.exists() or Plane(path).recalled != expected:
            await asyncio.sleep(0.005)


async def test_what_was_built_is_there_after_a_restart_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "last-good.db"
    async with running(path) as plane:
        plane.build(part("a", x=1), part("b", y=["ü"]))
        await until_kept(path, {"a": {"x": 1}, "b": {"y": ["ü"]}})
        plane.build(part("a", x=2), without=(part("b"), part("never")))
        plane.build()
        await until_kept(path, {"a": {"x": 2}})
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert (plane.changes, plane.kept.findings) == (0, ())
    assert [each.name for each in tmp_path.iterdir()] == ["last-good.db"]


async def test_what_was_not_yet_written_is_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "last-good.db"
    plane = Plane(path)
    plane.kept.close()
    assert not path.exists()
    plane.build(part("a", x=1))
    plane.kept.close()
    assert Plane(path).recalled == {"a": {"x": 1}}


async def test_what_is_the_same_costs_no_write(tmp_path: Path) -> None:
    path = tmp_path / "last-good.db"
    contents = []
    for _ in range(2):
        plane = Plane(path)
        plane.build(*(part(f"p{number}", x=1) for number in range(100)))
        plane.kept.close()
        contents.append(path.read_bytes())  # SQLite counts its writes in it.
    assert contents[0] == contents[1]
    assert len(Plane(path).recalled) == 100


async def test_a_disk_that_takes_nothing_is_a_finding_until_it_does(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "missing" / "last-good.db"
    async with running(path) as plane:
        plane.build(part("a", x=1), part("b", x=1))
        async with asyncio.timeout(10):
            while len(plane.pauses) < 3:
                await asyncio.sleep(0.005)
        (finding,) = plane.kept.findings
        assert not finding.is_error and finding.message.startswith("last good versions cannot be kept on disk (")
        assert plane.changes == 1
        assert "could not be saved" in caplog.text
        plane.build(part("b", x=2))
        path.parent.mkdir()
        await until_kept(path, {"a": {"x": 1}, "b": {"x": 2}})
        async with asyncio.timeout(10):
            while plane.kept.findings:
                await asyncio.sleep(0.005)
        assert plane.changes == 2


@pytest.mark.parametrize("damage", ["text", "pages", "slots", "newer"])
async def test_a_file_that_cannot_be_read_is_put_aside(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, damage: str
) -> None:
    path = tmp_path / "last-good.db"
    plane = Plane(path)
    plane.build(*(part(f"p{number}", x="x" * 500) for number in range(100)))
    plane.kept.close()
    if damage == "text":
        path.write_bytes(b"this is no database" * 500)
    elif damage == "pages":
        content = bytearray(path.read_bytes())
        content[8_192:40_960] = b"\xff" * 32_768
        path.write_bytes(content)
    else:
        with sqlite3.connect(path) as database:
            database.execute(
                "PRAGMA user_version = 99" if damage == "newer" else "INSERT INTO versions VALUES ('[1]', '')"
            )
    plane = Plane(path)
    assert not plane.recalled
    assert "moved to" in caplog.text and path.with_suffix(".unreadable").exists()
    plane.build(part("a", x=1))
    plane.kept.close()
    assert Plane(path).recalled == {"a": {"x": 1}}


def test_a_file_that_was_only_just_begun_is_empty(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "last-good.db"
    path.touch()
    assert not Plane(path).recalled and not caplog.text


def test_a_file_that_nobody_may_read_costs_only_what_it_has(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "last-good.db"
    path.mkdir()
    assert not Plane(path).recalled
    assert "cannot be read now" in caplog.text

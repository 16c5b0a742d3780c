from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest
from watchfiles import awatch

from tulle.kit.clock import ManualClock
from tulle.sources import file
from tulle.sources.base import Batch
from tulle.sources.file import Files, FileSource, watched


def data(batch: Batch) -> list[dict[str, object]]:
    return [dict(document.data) for document in batch.documents]


def messages(batch: Batch) -> list[str]:
    return [f"{finding.origin.line}: {finding.message}" for finding in batch.findings]


def test_folders_are_read_sorted_and_without_what_is_hidden(tmp_path: Path) -> None:
    for name in ("b.yaml", "a.yml", "c/d.yaml", ".hidden.yaml", ".git/e.yaml", "notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(f"name: {name}\n")
    batch = Files([str(tmp_path)]).scan()
    assert [document.data["name"] for document in batch.documents] == ["a.yml", "b.yaml", "c/d.yaml"]
    assert not batch.findings


def test_a_file_that_is_named_is_read_whatever_its_suffix(tmp_path: Path) -> None:
    (tmp_path / "mesh.conf").write_text("a: 1\n---\nb: 2\n")
    (document, other) = Files([str(tmp_path / "mesh.conf")]).scan().documents
    assert (document.origin.line, other.origin.line, other.folder) == (1, 2, str(tmp_path))


def test_a_file_in_two_places_is_read_once(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("a: 1\n")
    assert len(Files([str(tmp_path), str(tmp_path / "a.yaml")]).scan().documents) == 1


def test_an_unchanged_document_is_the_same_object_where_it_is_now(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("a: 1\n---\nb: 1\n---\nc: 1\n")
    files = Files([str(path)])
    before = files.scan().documents
    path.write_text("# a comment\na: 2\n---\nb: 1\n---\nc: 2\n")
    after = files.scan().documents
    assert after[1] is before[1]
    assert after[1].origin.line == 3
    assert after[0] is not before[0]
    assert files.scan().documents[2] is after[2]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a: 1\n\xff\n", "2: this is not text in UTF-8"),
        (b"a\0b", "1: this is a binary file, not text"),
        (b"a: 1\n---\n- 1\n", "3: a document must be a mapping, such as services: {...}"),
        (b"text", "1: a document must be a mapping, such as services: {...}"),
        (b"a: 1\n---\nb: [\n", "3: not YAML: a value is missing here, or a bracket above is never closed"),
    ],
)
def test_what_cannot_be_parsed_is_a_finding(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "a.yaml").write_bytes(content)
    batch = Files([str(tmp_path)]).scan()
    assert messages(batch) == [message]
    assert batch.unreadable


def test_an_empty_document_is_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("")
    (tmp_path / "b.yaml").write_text("# nothing\n---\n")
    (tmp_path / "c.yaml").write_text("~\n")
    batch = Files([str(tmp_path)]).scan()
    assert data(batch) == [{}, {}] and not batch.findings


def test_a_byte_order_mark_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes(b"\xef\xbb\xbfa: 1\n")
    assert data(Files([str(tmp_path)]).scan()) == [{"a": 1}]


def test_what_is_not_there_or_not_a_file_is_a_finding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")
    (tmp_path / "loop.yaml").symlink_to("loop.yaml")
    (tmp_path / "huge.yaml").write_text("a: 1\n")
    monkeypatch.setattr(file, "LARGEST", 4)
    gone = tmp_path / "gone"
    files = Files([str(tmp_path), str(gone)])
    assert messages(files.scan()) == [
        f"1: there is no file or folder {gone}",
        "1: larger than 0 MB, so it is not read",
        "1: cannot be read: Too many levels of symbolic links",
        "1: not a regular file",
    ]
    assert files.scan().findings[0] is files.scan().findings[0]
    assert str(gone) in files.scan().unreadable


def test_a_file_that_looks_half_written_keeps_what_it_said_for_a_moment(tmp_path: Path) -> None:
    clock = ManualClock()
    path = tmp_path / "a.yaml"
    path.write_text("a: 1\n")
    files = Files([str(path)], clock)
    files.scan()
    for content in ("a: 2", "a: [\n"):
        path.write_text(content)
        os.utime(path, (0, clock.now().timestamp()))
        assert data(files.scan()) == [{"a": 1}]
        assert files.is_half
    clock.advance(1)
    assert messages(files.scan()) and not files.is_half


@pytest.mark.parametrize("is_gone", [True, False])
def test_a_file_that_is_gone_or_empty_counts_until_it_may_have_been_written_anew(tmp_path: Path, is_gone: bool) -> None:
    clock = ManualClock()
    path = tmp_path / "a.yaml"
    path.write_text("a: 1\n")
    files = Files([str(path)], clock)
    files.scan()
    if is_gone:
        path.unlink()
    else:
        path.write_text("")
        os.utime(path, (0, clock.now().timestamp()))
    for _ in range(2):
        batch = files.scan()
        assert data(batch) == [{"a": 1}]
        assert not batch.findings
        clock.advance(0.5)
    assert data(files.scan()) == []
    assert bool(files.scan().findings) == is_gone

    path.write_text("a: 2\n")
    assert data(files.scan()) == [{"a": 2}]


def test_what_is_watched_are_folders(tmp_path: Path) -> None:
    (tmp_path / "conf" / "sub").mkdir(parents=True)
    (tmp_path / "conf" / ".git").mkdir()
    assert watched([str(tmp_path / "conf")]) == tuple(
        str(folder) for folder in (tmp_path / "conf", tmp_path / "conf" / "sub", tmp_path)
    )
    assert watched([str(tmp_path / "a" / "b" / "c.yaml")]) == (str(tmp_path),)


async def _next(batches: AsyncIterator[Batch]) -> Batch:
    return await anext(batches)


async def until(batches: AsyncIterator[Batch], condition: Callable[[Batch], bool]) -> Batch:
    """The first batch for which a condition holds."""
    async with asyncio.timeout(10):
        async for batch in batches:
            if condition(batch):
                return batch
    raise AssertionError("the source ended")


async def test_every_way_in_which_files_change_is_noticed(tmp_path: Path) -> None:
    conf = tmp_path / "conf"
    path = conf / "a.yaml"
    source = FileSource([str(conf)])
    async with aclosing(source.batches()) as batches:  # type: ignore[type-var]
        assert messages(await anext(batches)) == [f"1: there is no file or folder {conf}"]

        conf.mkdir()
        path.write_text("a: 1\n")
        await until(batches, lambda batch: data(batch) == [{"a": 1}])

        path.write_text("a: 2\n---\nb: 1\n")
        await until(batches, lambda batch: data(batch) == [{"a": 2}, {"b": 1}])

        path.write_text("a: 3\n---\nb: [\n")
        broken = await until(batches, lambda batch: bool(batch.findings))
        assert data(broken) == [{"a": 3}] and broken.unreadable == {f"{path}#2"}

        (conf / ".a.yaml.swp").write_text("a: 4\n")
        (conf / ".a.yaml.swp").replace(path)
        await until(batches, lambda batch: data(batch) == [{"a": 4}] and not batch.findings)

        (conf / "sub").mkdir()
        (conf / "sub" / "b.yml").write_text("b: 1\n")
        await until(batches, lambda batch: data(batch) == [{"a": 4}, {"b": 1}])
        (conf / "sub" / "b.yml").write_text("b: 2\n")
        await until(batches, lambda batch: data(batch) == [{"a": 4}, {"b": 2}])

        path.unlink()
        await until(batches, lambda batch: data(batch) == [{"b": 2}])
        (conf / "sub" / "b.yml").unlink()
        (conf / "sub").rmdir()
        conf.rmdir()
        await until(batches, lambda batch: bool(batch.findings))


async def test_a_file_that_is_cut_off_in_the_middle_is_not_believed(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("a: 1\nb: 2\n")
    async with aclosing(FileSource([str(path)]).batches()) as batches:  # type: ignore[type-var]
        await anext(batches)
        with path.open("w") as writer:
            writer.write("a: 1\nb")
            writer.flush()
            async with asyncio.timeout(10), asyncio.TaskGroup() as tasks:
                following = tasks.create_task(_next(batches))
                writer.write(": 3\n")
                writer.flush()
        assert data(following.result()) == [{"a": 1, "b": 3}]


async def test_a_folder_that_vanishes_while_it_is_being_watched_is_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.yaml").write_text("a: 1\n")
    calls: list[tuple[str, ...]] = []

    def vanishing(*folders: str, **options: object) -> object:
        calls.append(folders)
        if len(calls) == 1:
            raise FileNotFoundError(folders[0])
        return awatch(*folders, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(file, "awatch", vanishing)
    async with aclosing(FileSource([str(tmp_path)]).batches()) as batches:  # type: ignore[type-var]
        await anext(batches)
        (tmp_path / "a.yaml").write_text("a: 2\n")
        assert data(await asyncio.wait_for(anext(batches), 10)) == [{"a": 2}]


def test_paths_in_files_may_begin_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("a: 1\n")
    (own,) = Files([str(tmp_path / "a.yaml")]).scan().documents
    (other,) = Files([str(tmp_path / "a.yaml")], folder="/elsewhere").scan().documents
    assert (own.folder, other.folder) == (str(tmp_path), "/elsewhere")


def test_files_are_templates_as_those_of_traefik(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_DOMAIN", "a.example")
    body = """http:
  routers:
  {{ range $i, $e := until 3000 }}
    router{{ $e }}:
      rule: Host(`{{ $e }}.{{ env "MY_DOMAIN" }}`)
      service: {{ index (split "a_b,c" ",") 0 | normalize }}
  {{ end }}
"""
    (tmp_path / "dynamic.yml").write_text(body)
    batch = Files([str(tmp_path)], are_templates=True).scan()
    data: Any = batch.documents[0].data
    routers = data["http"]["routers"]
    assert (len(routers), batch.findings) == (3000, ())
    assert routers["router2999"] == {"rule": "Host(`2999.a.example`)", "service": "a-b"}
    (tmp_path / "dynamic.yml").write_text("{{ range until 60000 }}{{ range until 60000 }}{{ end }}{{ end }}")
    batch = Files([str(tmp_path)], are_templates=True).scan()
    assert batch.findings[0].message == "not a template: it needs more than 500,000 steps"

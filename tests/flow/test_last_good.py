from __future__ import annotations

import random

import pytest

from tulle.flow.build import Builder
from tulle.flow.gather import merged
from tulle.flow.last_good import LastGood, Slot, read, slot_of, still_counting, written
from tulle.kit.located import LocatedList, LocatedMap
from tulle.kit.located_yaml import parse
from tulle.model.documents import Anchor, Document, Key, Origin
from tulle.model.findings import Finding
from tulle.model.mesh import Mesh
from tulle.model.names import Name
from tulle.sources.base import Batch

WEB = "services: {web: {command: web}, api: {command: api}}"
UNREADABLE = frozenset({("file", "a.yaml")})


def document(text: str, file: str = "a.yaml", index: int = 1, line: int = 1) -> Document:
    data = parse(text)
    assert isinstance(data, dict)
    return Document(Origin("file", file, Anchor(line)), Key("file", Name("", f"{file}#{index}")), data, "/folder")


class Disk:
    """What is written down, handed from one process to the next."""

    def __init__(self) -> None:
        self.rows: dict[Slot, str] = {}
        self.restart()

    def restart(self) -> None:
        """Forget everything else."""
        self.last_good = LastGood(self.rows)
        self.builder = Builder(self.last_good)

    def build(self, *documents: Document, unreadable: frozenset[tuple[str, str]] = frozenset()) -> Mesh:
        """Build, and write down what has to be."""
        mesh = self.builder.build(documents, (), unreadable=unreadable)
        for slot, part in self.last_good.take().items():
            if part is None:
                self.rows.pop(slot, None)
            else:
                self.rows[slot] = written(part)
        return mesh


def commands(mesh: Mesh) -> dict[str, str]:
    return {name.name: str(workload.command) for name, workload in mesh.workloads.items()}


def test_a_part_that_is_broken_after_a_restart_says_what_it_last_said() -> None:
    disk = Disk()
    disk.build(document(WEB))
    disk.build(document(WEB.replace("command: api", "comand: api")))
    for text in (WEB.replace("command: api", "comand: b"), WEB.replace("command: api", "command: [1]")):
        disk.restart()
        mesh = disk.build(document(text))
        assert commands(mesh) == {"web": "web", "api": "api"}
        assert mesh.findings[0].message.endswith(" (its last good version still counts)")
    assert commands(disk.build(document(WEB.replace("command: api", "command: c"))))["api"] == "c"
    disk.restart()
    assert commands(disk.build(document(WEB.replace("command: api", "comand: d"))))["api"] == "c"


def test_what_stands_in_for_a_part_moves_with_it() -> None:
    disk = Disk()
    disk.build(document(WEB))
    disk.restart()
    mesh = disk.build(document("\n\n\n" + WEB.replace("command: api", "comand: api"), line=5))
    origin = mesh.workloads[Name("default", "api")].origin
    assert (origin.line, origin.subject) == (8, "service api")


def test_a_file_that_cannot_be_read_after_a_restart_says_what_it_last_said() -> None:
    disk = Disk()
    other = document("services: {b: {command: b}}", "b.yaml")
    disk.build(document(WEB), other)
    disk.restart()
    for _ in range(2):
        assert commands(disk.build(other, unreadable=UNREADABLE)) == {"b": "b", "web": "web", "api": "api"}
    assert {each.origin.file for each in disk.builder.documents} == {"a.yaml", "b.yaml"}
    disk.restart()
    assert len(commands(disk.build(other, unreadable=UNREADABLE))) == 3
    # It is mended, and there is less in it.
    assert commands(disk.build(document("services: {web: {command: x}}"), other)) == {"web": "x", "b": "b"}
    assert commands(disk.build(other, unreadable=UNREADABLE)) == {"b": "b"}
    assert len(disk.rows) == 1


def test_of_a_file_that_can_be_read_in_part_the_rest_stands_in() -> None:
    disk = Disk()
    disk.build(document(WEB), document("services: {c: {command: c}}", index=2, line=7))
    disk.restart()
    now = document(WEB.replace("command: web", "command: y"))
    assert commands(disk.build(now, unreadable=UNREADABLE)) == {"web": "y", "api": "api", "c": "c"}
    assert not [finding for finding in disk.builder.build((now,), (), unreadable=UNREADABLE).findings]


def test_a_document_with_mistakes_around_its_parts_after_a_restart_goes_on_saying_what_it_said() -> None:
    disk = Disk()
    disk.build(document(WEB), document("services: {b: {command: b}}", "b.yaml"))
    wrong = document(WEB.replace("services", "servces"))
    for _ in range(2):
        disk.restart()
        mesh = disk.build(wrong)
        assert commands(mesh) == {"web": "web", "api": "api"}
        assert "still counts" in mesh.findings[0].message
    assert commands(disk.build(document("services: {web: {command: y}}"))) == {"web": "y"}
    disk.restart()
    assert commands(disk.build(wrong)) == {"web": "y"}


def test_a_folder_that_is_missing_after_a_restart_says_what_it_last_said() -> None:
    disk = Disk()
    other = document("services: {b: {command: b}}", "folders/b.yaml")
    disk.build(document(WEB, "folder/below/a.yaml"), other)
    disk.restart()
    for _ in range(2):
        found = commands(disk.build(other, unreadable=frozenset({("file", "folder")})))
        assert found == {"b": "b", "web": "web", "api": "api"}
    assert commands(disk.build(other)) == {"b": "b"}


def test_a_source_that_fails_after_a_restart_loses_nothing() -> None:
    disk = Disk()
    disk.build(document(WEB))
    disk.restart()
    assert len(commands(disk.build(unreadable=frozenset({("file", "")})))) == 2
    assert len(commands(disk.build(document(WEB)))) == 2
    assert len(disk.rows) == 2


def test_what_is_removed_is_forgotten_also_while_nothing_runs() -> None:
    disk = Disk()
    disk.build(document(WEB))
    disk.restart()
    assert len(commands(disk.build(document("services: {web: {command: web}}")))) == 1
    assert len(disk.rows) == 1
    disk.restart()
    disk.build()
    assert not disk.rows
    disk.restart()
    assert not commands(disk.build(document(WEB.replace("command", "comand"))))


@pytest.mark.parametrize("is_restarted", [False, True])
def test_a_part_whose_file_is_renamed_while_it_is_broken_goes_on(is_restarted: bool) -> None:
    disk = Disk()
    disk.build(document(WEB))
    broken = WEB.replace("command: api", "comand: api")
    disk.build(document(broken))
    if is_restarted:
        disk.restart()
    mesh = disk.build(document(broken, "b.yaml"))
    assert commands(mesh) == {"web": "web", "api": "api"}
    assert {file for _, file, _ in disk.rows} == {"b.yaml"}
    disk.restart()
    assert commands(disk.build(document(broken, "b.yaml")))["api"] == "api"


def test_what_this_version_does_not_read_any_more_counts_no_more() -> None:
    disk = Disk()
    disk.build(document(WEB))
    (slot,) = (each for each in disk.rows if each[2].name.name == "api")
    for text in (
        "no json",
        '[1, "s", "f", "r", {"services": {"api": {"comand": "x"}}}]',
        '[1, "s", "f", "r", 7]',
        "[]",
    ):
        disk.rows[slot] = text
        disk.restart()
        mesh = disk.build(document(WEB.replace("command: api", "comand: api")))
        assert commands(mesh) == {"web": "web"}
        assert "counts" not in str(mesh.findings)
        assert disk.rows[slot] == text
        disk.restart()
        disk.build(unreadable=UNREADABLE)


def test_only_what_changed_is_written_down() -> None:
    disk = Disk()
    documents = [document(f"services: {{s{each}: {{command: a}}}}", f"{each}.yaml") for each in range(50)]
    disk.builder.build(tuple(documents))
    assert len(disk.last_good.take()) == 50
    documents[7] = document("services: {s7: {command: b}}", "7.yaml")
    disk.builder.build(tuple(documents))
    assert [slot[1] for slot in disk.last_good.take()] == ["7.yaml"]
    disk.builder.build(tuple(documents))
    assert not disk.last_good.take()


def test_nothing_is_collected_where_nothing_is_kept() -> None:
    last_good = LastGood()
    Builder(last_good).build((document(WEB),))
    assert not last_good.take()


def test_parts_are_read_as_they_were_written() -> None:
    part = document("{a: [1, 2.5, true, null, 'tüll', \"\\U0001f600\\0\"], b: {c: {}}}", line=12)
    again = read(slot_of(part), written(part))
    assert again is not None
    assert (again.data, again.folder, again.origin.line, again.key) == (part.data, "/folder", 12, part.key)
    assert isinstance(again.data, LocatedMap) and isinstance(again.data["a"], LocatedList)
    assert again.data["a"].lines == [0] * 6


def test_findings_about_files_tell_that_they_still_count() -> None:
    wrong, other = (Finding.error(Origin("file", file), "not YAML") for file in ("a.yaml", "b.yaml"))
    once = still_counting((wrong, other), [document(WEB)])
    assert [each.message for each in once] == ["not YAML; what it last said still counts", "not YAML"]
    assert still_counting(once, [document(WEB)]) == once


@pytest.mark.parametrize("seed", range(6))
def test_a_restart_changes_nothing_whatever_came_before(seed: int) -> None:
    chance, disk = random.Random(seed), Disk()
    now: dict[str, Document] = {}
    said = Batch()
    for _ in range(60):
        file = chance.choice("abc") + ".yaml"
        names = chance.sample("vwxyz", chance.randrange(4))
        items = (f"{file[0]}{each}: {{{chance.choice(['command', 'comand'])}: x{chance.random()}}}" for each in names)
        now.pop(file, None)
        if is_readable := chance.random() < 0.7:
            now[file] = document(f"services: {{{', '.join(items)}}}", file)
        unreadable = frozenset() if is_readable else frozenset({file})
        said = merged(said, Batch(tuple(now.values()), (), unreadable))
        places = frozenset(("file", each) for each in unreadable)
        before = commands(disk.build(*said.documents, unreadable=places))
        if chance.random() < 0.5:
            disk.restart()
            said = Batch(tuple(now.values()))
            assert commands(disk.build(*said.documents, unreadable=places)) == before


BROKEN = WEB.replace("command: web", "comand: web")


def late(disk: Disk) -> None:
    """A process in which the first documents name more sources."""
    disk.restart()
    disk.last_good.waits = True


def test_sources_that_documents_name_are_waited_for() -> None:
    disk = Disk()
    disk.build(document("mesh: {}", "static.yaml"), document(WEB))
    late(disk)
    assert commands(disk.build(document("mesh: {}", "static.yaml"))) == {}
    mesh = disk.build(document("mesh: {}", "static.yaml"), document(BROKEN))
    assert commands(mesh) == {"web": "web", "api": "api"}
    disk.last_good.settle()
    late(disk)
    assert commands(disk.build(document(BROKEN))) == {"web": "web", "api": "api"}


def test_files_of_late_sources_that_cannot_be_read_say_what_they_said() -> None:
    disk, other = Disk(), document(WEB.replace("web", "x").replace("api", "y"), "b.yaml")
    disk.build(document(WEB), other)
    late(disk)
    disk.build(unreadable=UNREADABLE)
    unreadable = UNREADABLE | {("file", "b.yaml")}
    assert sorted(commands(disk.build(unreadable=unreadable))) == ["api", "web", "x", "y"]
    disk.last_good.settle()
    assert sorted(commands(disk.build(unreadable=unreadable))) == ["api", "web", "x", "y"]
    assert sorted(commands(disk.build(other))) == ["x", "y"]


def test_what_no_source_says_is_forgotten_when_all_have_answered() -> None:
    disk = Disk()
    disk.build(document(WEB))
    late(disk)
    disk.build()
    assert disk.rows
    disk.last_good.settle()
    disk.build()
    assert not disk.rows

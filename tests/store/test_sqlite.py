"""The embedded store on a real disk: history, conflicts, a full disk, and kill -9 in the middle of writes."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tulle.kit.clock import ManualClock
from tulle.model.documents import Key
from tulle.model.names import Name
from tulle.store.base import Action, Conflict, Intent, Stored, StoreUnusable, UnknownRevision
from tulle.store.sqlite import SqliteStore

ME = Intent(author="me", message="why")
Make = Callable[..., Stored]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    opened = SqliteStore(tmp_path / "store.db", ManualClock())
    yield opened
    opened.close()


def texts(store: SqliteStore, revision: int | None = None) -> dict[str, str]:
    return {stored.key.name.name: stored.text for stored in store.objects(revision)}


def test_an_empty_store_has_no_past(store: SqliteStore) -> None:
    assert (store.revision, store.objects(), store.history()) == (0, (), ())
    assert store.get("native/service", Name("default", "web")) is None


def test_one_apply_is_one_revision_with_everything_that_changed(store: SqliteStore, thing: Make) -> None:
    store.apply([thing("web"), thing("db")], ME)
    revision = store.apply([thing("web", "a: 2\n"), thing("db"), thing("new")], ME)
    assert [(str(change.key.name), change.action) for change in revision.changes] == [
        ("new.default", Action.ADDED),
        ("web.default", Action.CHANGED),
    ]
    assert texts(store) == {"web": "a: 2\n", "db": "a: 1\n", "new": "a: 1\n"}
    assert [stored.revision for stored in store.objects()] == [1, 2, 2]
    assert store.history()[0] == revision
    assert (revision.author, revision.message, revision.time) == ("me", "why", ManualClock().now())


def test_what_changes_nothing_is_no_revision(store: SqliteStore, thing: Make) -> None:
    store.apply([thing("web")], ME)
    assert store.apply([thing("web")], ME).number == 1
    assert store.delete([thing("other").key], ME).changes == ()
    assert store.rollback(1, ME).changes == ()
    assert len(store.history()) == 1


def test_names_in_other_namespaces_and_kinds_are_other_objects(store: SqliteStore, thing: Make) -> None:
    things = [thing("x"), thing("x", kind="native/route"), thing("x", namespace="shop")]
    store.apply(things, ME)
    store.delete([things[0].key], ME)
    assert [stored.key for stored in store.objects()] == [things[1].key, things[2].key]
    assert store.get("native/service", Name("default", "x")) is None
    found = store.get("native/service", Name("shop", "x"))
    assert found is not None and found.key == things[2].key


def test_rollback_is_a_new_revision_that_can_be_rolled_back(store: SqliteStore, thing: Make) -> None:
    store.apply([thing("web", "one"), thing("db")], ME)
    store.apply([thing("web", "two"), thing("new")], ME)
    store.delete([thing("db").key], ME)
    revision = store.rollback(1, ME)
    assert revision.number == 4
    assert [(change.key.name.name, change.action) for change in revision.changes] == [
        ("db", Action.ADDED),
        ("new", Action.REMOVED),
        ("web", Action.CHANGED),
    ]
    assert texts(store) == {"web": "one", "db": "a: 1\n"}
    store.rollback(3, ME)
    assert texts(store) == {"web": "two", "new": "a: 1\n"}
    store.rollback(0, ME)
    assert texts(store) == {}


def test_the_past_can_be_looked_at(store: SqliteStore, thing: Make) -> None:
    store.apply([thing("web", "one")], ME)
    store.apply([thing("web", "two")], ME)
    assert [texts(store, number) for number in (0, 1, 2)] == [{}, {"web": "one"}, {"web": "two"}]
    assert [revision.number for revision in store.history(limit=1)] == [2]


@pytest.mark.parametrize("revision", [-1, 2])
def test_an_unknown_revision_is_refused(store: SqliteStore, thing: Make, revision: int) -> None:
    store.apply([thing("web")], ME)
    for attempt in (lambda: store.objects(revision), lambda: store.rollback(revision, ME)):
        with pytest.raises(UnknownRevision, match=f"there is no revision {revision}; the newest is 1"):
            attempt()


def test_a_change_on_top_of_something_older_is_refused(store: SqliteStore, thing: Make) -> None:
    expecting = Intent(author="me", expected=0)
    store.apply([thing("web", "one")], expecting)
    attempts: list[Callable[[], Any]] = [
        lambda: store.apply([thing("web", "two")], expecting),
        lambda: store.delete([thing("web").key], expecting),
        lambda: store.rollback(0, expecting),
    ]
    for attempt in attempts:
        with pytest.raises(Conflict, match="at revision 1, not 0"):
            attempt()
    assert texts(store) == {"web": "one"}


def test_subscribers_hear_of_every_revision_until_they_stop(store: SqliteStore, thing: Make) -> None:
    heard: list[int] = []
    stop = store.subscribe(heard.append)
    store.apply([thing("web", "one")], ME)
    store.apply([thing("web", "one")], ME)
    store.apply([thing("web", "two")], ME)
    stop()
    store.apply([thing("web", "three")], ME)
    assert heard == [1, 2]


def test_it_is_there_again_after_a_restart_and_readable_by_its_owner_only(tmp_path: Path, thing: Make) -> None:
    path = tmp_path / "store.db"
    first = SqliteStore(path)
    first.apply([thing("web")], ME)
    history = first.history()
    assert {file.stat().st_mode & 0o777 for file in tmp_path.iterdir()} == {0o600}
    first.close()
    second = SqliteStore(path)
    assert (second.history(), texts(second)) == (history, {"web": "a: 1\n"})
    second.close()


def test_threads_take_turns(store: SqliteStore, thing: Make) -> None:
    def work(worker: int) -> None:
        for turn in range(10):
            store.apply([thing(f"w{worker}", f"{turn}")], ME)

    threads = [threading.Thread(target=work, args=(worker,)) for worker in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.revision == 40
    assert texts(store) == {f"w{worker}": "9" for worker in range(4)}


def test_a_full_disk_is_said_and_loses_nothing(tmp_path: Path, thing: Make) -> None:
    path = tmp_path / "store.db"
    store = SqliteStore(path)
    store.apply([thing("web")], ME)
    pages = store._connection.execute("PRAGMA page_count").fetchone()[0]
    store._connection.execute(f"PRAGMA max_page_count = {pages + 2}")
    with pytest.raises(StoreUnusable, match=r"the disk with the store .* is full; nothing was changed"):
        store.apply([thing("big", "x" * 100_000)], ME)
    assert (store.revision, texts(store)) == (1, {"web": "a: 1\n"})
    store._connection.execute("PRAGMA max_page_count = 100000")
    store.apply([thing("big", "x" * 100_000)], ME)
    assert store.revision == 2
    store.close()


def test_a_file_that_is_no_store_is_said(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    path.write_bytes(b"not a database" * 100)
    with pytest.raises(StoreUnusable, match="is damaged"):
        SqliteStore(path)
    assert path.read_bytes().startswith(b"not a database")
    with pytest.raises(StoreUnusable, match=r"cannot be used: No such file or directory"):
        SqliteStore(tmp_path / "missing" / "store.db")


def test_a_store_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    SqliteStore(path).close()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(StoreUnusable, match="newer version of tulle"):
        SqliteStore(path)


def test_another_process_that_holds_the_file_is_said(tmp_path: Path, thing: Make, monkeypatch: Any) -> None:
    monkeypatch.setattr("tulle.store.sqlite_file.WAIT", 0.05)
    store = SqliteStore(tmp_path / "store.db")
    other = sqlite3.connect(tmp_path / "store.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreUnusable, match="another process"):
        store.apply([thing("web")], ME)
    other.execute("ROLLBACK")
    other.close()
    assert store.apply([thing("web")], ME).number == 1
    store.close()
    with pytest.raises(StoreUnusable, match="cannot be used"):
        store.apply([thing("web")], ME)


names = st.sampled_from(["a", "b", "c"])
steps = st.one_of(
    st.tuples(st.just("apply"), st.dictionaries(names, st.sampled_from(["1", "2"]), max_size=3)),
    st.tuples(st.just("delete"), st.lists(names, max_size=2)),
    st.tuples(st.just("rollback"), st.integers(0, 8)),
)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(steps, max_size=8))
def test_every_revision_of_any_history_can_be_seen_again(tmp_path_factory: Any, schedule: list[Any]) -> None:
    store = SqliteStore(tmp_path_factory.mktemp("store") / "s.db")
    states: list[dict[str, str]] = [{}]
    for what, argument in schedule:
        now = dict(states[-1])
        if what == "apply":
            now |= argument
            store.apply([Stored(key=Key("k", Name("n", name)), text=text) for name, text in argument.items()], ME)
        elif what == "delete":
            now = {name: text for name, text in now.items() if name not in argument}
            store.delete([Key("k", Name("n", name)) for name in argument], ME)
        else:
            argument = min(argument, len(states) - 1)
            now = states[argument]
            store.rollback(argument, ME)
        states += [now] if now != states[-1] else []
    assert [texts(store, number) for number in range(store.revision + 1)] == states
    store.close()


WRITER = """
import sys
from pathlib import Path
from tulle.model.documents import Key
from tulle.model.names import Name
from tulle.store.base import Intent, Stored
from tulle.store.sqlite import SqliteStore

store = SqliteStore(Path(sys.argv[1]))
number = store.revision
while True:
    number += 1
    store.apply([Stored(key=Key("k", Name("n", f"o{i}")), text=f"{number} " + "x" * 500) for i in range(50)],
                Intent(author="writer"))
    print(number, flush=True)
"""


@pytest.mark.parametrize("round", range(5))
def test_kill_9_in_the_middle_of_writes_loses_nothing_that_was_confirmed(tmp_path: Path, round: int) -> None:
    path = tmp_path / "store.db"
    confirmed = 0
    for _ in range(2):
        process = subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        for line in process.stdout:
            confirmed = int(line)
            if confirmed % 10 >= 3 + round:
                break
        os.kill(process.pid, signal.SIGKILL)
        rest = process.stdout.read().split()
        process.stdout.close()
        process.wait()
        confirmed = max([confirmed, *(int(number) for number in rest)])
        store = SqliteStore(path)
        assert confirmed <= store.revision <= confirmed + 1
        assert {text.partition(" ")[0] for text in texts(store).values()} == {str(store.revision)}
        assert len(texts(store)) == 50
        assert store._connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        store.close()

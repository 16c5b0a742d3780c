from __future__ import annotations

import getpass

import pytest

from tulle.cli import stored
from tulle.model.names import Name

CHANGE = {"kind": "service", "namespace": "default", "name": "web", "action": "added"}


@pytest.fixture(autouse=True)
def without_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")


def test_names_may_have_a_namespace() -> None:
    assert stored.name("web", "") == Name("default", "web")
    assert stored.name("web", "team") == stored.name("web.team", "") == Name("team", "web")
    assert stored.name("my.web@docker", "team") == Name("@docker", "my.web")


def test_a_revision_says_what_changed() -> None:
    changes = [CHANGE, {**CHANGE, "action": "removed", "namespace": "team"}]
    assert stored.revision({"revision": 3, "changes": changes}) == [
        *("revision 3", "+ service web", "- service web.team"),
    ]
    assert stored.revision({"revision": 3, "changes": []}) == ["nothing differs from what is stored already"]


def test_the_history_is_a_table(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = {"revision": 3, "time": "2026-01-02T03:04:05Z", "author": "ann", "message": "why", "changes": [CHANGE] * 5}
    line = stored.history([entry])[1]
    assert line.startswith("3          2026-01-0")
    assert line.endswith("ann      +service web, +service web, +service web, … 2 more   why")


def test_the_author_is_who_types(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(getpass, "getuser", lambda: "ann")
    assert stored.author() == "ann"

    def nobody() -> str:
        raise OSError

    monkeypatch.setattr(getpass, "getuser", nobody)
    assert stored.author() == "unknown"

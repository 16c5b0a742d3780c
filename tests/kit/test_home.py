from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from tulle.kit.home import LONGEST_SOCKET_PATH, Home


def test_home_is_where_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TULLE_HOME", "/somewhere/else")
    assert Home.from_environment().root == Path("/somewhere/else")
    monkeypatch.setenv("HOME", "/home/ada")
    monkeypatch.setenv("TULLE_HOME", "~/mesh")
    assert Home.from_environment().root == Path("/home/ada/mesh")
    monkeypatch.delenv("TULLE_HOME")
    assert Home.from_environment().root == Path("/home/ada/.local/state/tulle")


def test_directories_are_for_the_owner_only(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.create()
    home.create()
    for directory in (home.root, home.plane, home.agent, home.logs, home.sockets):
        assert stat.S_IMODE(directory.stat().st_mode) == 0o700


def test_directory_of_somebody_else_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getuid", lambda: os.stat(tmp_path).st_uid + 1)
    with pytest.raises(PermissionError, match="belongs to another user; set TULLE_HOME"):
        Home(tmp_path / "home").create()


def test_sockets_are_inside_as_long_as_their_path_is_short() -> None:
    assert Home(Path("/h")).sockets == Path("/h/run")


def test_deep_homes_have_their_sockets_elsewhere_each_its_own() -> None:
    deep, deeper = Home(Path("/" + "d" * 80)), Home(Path("/" + "d" * 81))
    assert len(os.fsencode(deep.sockets)) < LONGEST_SOCKET_PATH
    assert deep.sockets != deeper.sockets and not deep.sockets.is_relative_to(deep.root)

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tulle.kit.home import LONGEST_SOCKET_PATH, Home


def test_the_home_is_where_the_environment_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TULLE_HOME", str(tmp_path / "mine"))
    assert Home.from_environment().root == tmp_path / "mine"
    monkeypatch.setenv("TULLE_HOME", "")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert Home.from_environment().root == tmp_path / ".local/state/tulle"


def test_its_directories_are_for_the_owner_only(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.create()
    home.create()
    for directory in (home.root, home.plane, home.agent, home.logs, home.sockets):
        assert directory.stat().st_mode & 0o777 == 0o700
    shutil.rmtree(home.sockets)  # it may be outside of the home, for the sake of a short path


def test_sockets_have_short_paths_in_a_deep_home(tmp_path: Path) -> None:
    deep = Home(tmp_path / ("x" * 100))
    assert len(os.fsencode(deep.sockets)) < LONGEST_SOCKET_PATH
    assert deep.sockets != Home(tmp_path / ("y" * 100)).sockets
    assert Home(Path("/h")).sockets == Path("/h/run")


def test_a_directory_of_somebody_else_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getuid", lambda: tmp_path.stat().st_uid + 1)
    with pytest.raises(PermissionError, match="set TULLE_HOME"):
        Home(tmp_path / "home").create()

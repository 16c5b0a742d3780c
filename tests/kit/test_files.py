from __future__ import annotations

import os
from pathlib import Path

import pytest

from tulle.kit.files import recalled, write_atomically


def test_a_file_is_replaced_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / "a"
    write_atomically(path, "old")
    with path.open() as reader:
        write_atomically(path, b"new", mode=0o640)
        assert reader.read() == "old"
    assert path.read_text() == "new"
    assert path.stat().st_mode & 0o777 == 0o640
    assert os.listdir(tmp_path) == ["a"]


def test_only_the_owner_may_read_it(tmp_path: Path) -> None:
    write_atomically(tmp_path / "a", "secret")
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o600


def test_when_it_cannot_be_written_the_old_one_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a"
    write_atomically(path, "old")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match=f"No space left on device: '{path}'"):
        write_atomically(path, "new")
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["a"]


def test_a_directory_that_does_not_exist_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write_atomically(tmp_path / "nowhere" / "a", "x")


@pytest.mark.parametrize(("durable", "waits"), [(True, 1), (False, 0)])
def test_only_what_must_survive_a_loss_of_power_waits_for_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, durable: bool, waits: int
) -> None:
    waited: list[int] = []
    monkeypatch.setattr(os, "fsync", waited.append)
    write_atomically(tmp_path / "a", "new", durable=durable)
    assert len(waited) == waits
    assert (tmp_path / "a").read_text() == "new"


def test_what_was_kept_is_recalled_unless_it_is_damaged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "a.json"
    assert recalled(path, int) is None
    path.write_text("7")
    assert recalled(path, int) == 7
    path.write_text("seven")
    assert recalled(path, int) is None
    assert os.listdir(tmp_path) == ["a.unreadable"]
    assert "could not be read and was moved" in caplog.text

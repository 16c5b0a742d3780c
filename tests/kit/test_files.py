from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from tulle.kit.files import write_atomically


@pytest.mark.parametrize("data", ["héllo", "héllo".encode()])
def test_file_is_replaced_and_private(tmp_path: Path, data: str | bytes) -> None:
    path = tmp_path / "state"
    path.write_text("before")
    path.chmod(0o644)
    write_atomically(path, data)
    assert path.read_text() == "héllo"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_mode_can_be_given(tmp_path: Path) -> None:
    write_atomically(tmp_path / "open", b"", mode=0o644)
    assert stat.S_IMODE((tmp_path / "open").stat().st_mode) & 0o600 == 0o600


def test_failed_write_leaves_the_old_file_and_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "state"
    path.write_text("before")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_atomically(path, "after")
    assert path.read_text() == "before" and os.listdir(tmp_path) == ["state"]

from __future__ import annotations

from pathlib import Path

import pytest

from tulle.cli import examples


def test_the_bookshop_is_found() -> None:
    assert (examples.folder("bookshop") / "services").is_dir()


def test_installed_examples_come_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tulle" / "examples" / "shop").mkdir(parents=True)
    monkeypatch.setattr(examples, "PACKAGE", tmp_path / "tulle")
    assert examples.folder("shop") == tmp_path / "tulle" / "examples" / "shop"


def test_an_unknown_example_is_named() -> None:
    with pytest.raises(FileNotFoundError, match="nowhere"):
        examples.folder("nowhere")

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tulle.clients.dns import program
from tulle.clients.dns.base import CannotChange, TextRecord
from tulle.clients.dns.program import Program
from tulle.clients.dns.variables import Unconfigured

RECORD = TextRecord(name="_acme-challenge.a.example.", value="v", domain="a.example", token="-t", authorization="-t.k")


def script(folder: Path, text: str) -> dict[str, str]:
    path = folder / "change"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return {"EXEC_PATH": str(path), "PATH": os.environ["PATH"]}


async def test_it_is_called_as_lego_calls_it(tmp_path: Path) -> None:
    environment = script(tmp_path, f'echo "$@" >> {tmp_path}/said')
    for more in ({}, {"EXEC_MODE": "RAW"}):
        made = Program(environment | more)
        await made.present(RECORD)
        await made.remove(RECORD)
    assert (tmp_path / "said").read_text().splitlines() == [
        "present _acme-challenge.a.example. v",
        "cleanup _acme-challenge.a.example. v",
        "present -- a.example -t -t.k",
        "cleanup -- a.example -t -t.k",
    ]


async def test_one_that_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CannotChange, match="change present ended with 3: no such zone"):
        await Program(script(tmp_path, "echo no such zone; exit 3")).present(RECORD)
    with pytest.raises(CannotChange, match=r"change cleanup ended with 1$"):
        await Program(script(tmp_path, "exit 1")).remove(RECORD)
    with pytest.raises(CannotChange, match="/nowhere cannot be run: no such file"):
        await Program({"EXEC_PATH": "/nowhere"}).present(RECORD)
    monkeypatch.setattr(program, "PATIENCE", 0.05)
    with pytest.raises(CannotChange, match=r"has not ended within 0\.05 s"):
        await Program(script(tmp_path, "exec sleep 60")).present(RECORD)


def test_it_has_to_be_named() -> None:
    with pytest.raises(Unconfigured, match="EXEC_PATH"):
        Program({})

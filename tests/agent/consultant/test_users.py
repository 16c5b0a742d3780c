from __future__ import annotations

import os
from pathlib import Path

import pytest

from tulle.agent.consultant.users import Users, users_of
from tulle.model.consulting import Passwords


def test_lines_of_files() -> None:
    text = "# people\nann:$apr1$x\r\n\n  bob:{SHA}y  \nno one\ntoo:many:colons\n"
    assert users_of(text, 1) == {"ann": "$apr1$x", "bob": "{SHA}y"}
    assert users_of("ann:realm:0123\nbob:x\n", 2) == {"ann:realm": "0123"}


def test_those_of_the_question_count_first(tmp_path: Path) -> None:
    file = tmp_path / "users"
    file.write_text("ann:file\nbob:file\n")
    users = Users()
    question = Passwords(id="x", users=(("ann", "inline"),), file=str(file))
    assert [users.hash_of(name, question) for name in ("ann", "bob", "eve")] == ["inline", "file", ""]
    assert users.any_hash(question) == "inline"
    assert users.any_hash(Passwords(id="x", file=str(file))) == "file"
    assert users.any_hash(Passwords(id="x")) == ""
    assert users.hash_of("ann", Passwords(id="x")) == ""


def test_files_are_read_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    file = tmp_path / "users"
    users, question = Users(), Passwords(id="x", file=str(file))
    assert users.hash_of("ann", question) == ""
    file.write_text("ann:1\n")
    assert users.hash_of("ann", question) == "1"
    file.write_text("ann:2\n")
    os.utime(file, ns=(1, 1))
    assert users.hash_of("ann", question) == "2"
    file.unlink()
    # Nobody is locked out while an editor writes.
    assert users.hash_of("ann", question) == "2"
    assert users.hash_of("ann", question) == "2"
    assert caplog.text.count("No such file") == 2

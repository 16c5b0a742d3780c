from __future__ import annotations

import os
from pathlib import Path

import pytest

from tulle.kit import output


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "log"


def test_last_lines_are_those_with_something_in_them(log: Path) -> None:
    log.write_text("one\n\n two \n\nthree\n \n")
    assert output.last_lines(log, 2) == ("two", "three")


def test_long_lines_are_shortened(log: Path) -> None:
    log.write_text("x" * 100_000 + "\nabcdef")
    assert output.last_lines(log, 1, width=4) == ("abc…",)


def test_bytes_that_are_no_text_do_not_matter(log: Path) -> None:
    log.write_bytes(b"caf\xe9\n")
    assert output.last_lines(log) == ("caf�",)


def test_lines_of_earlier_times_are_left_out(log: Path) -> None:
    log.write_text("before\n")
    since = output.size(log)
    with log.open("a") as file:
        file.write("after\n")
    assert output.last_lines(log, since=since) == ("after",)


def test_emptied_file_is_read_from_its_start(log: Path) -> None:
    log.write_text("after\n")
    assert output.last_lines(log, since=1_000) == ("after",)


def test_file_that_is_not_there_is_empty(log: Path) -> None:
    assert (output.last_lines(log), output.size(log)) == ((), 0)
    assert not output.keep_bounded(log)


def test_too_long_file_is_copied_and_emptied_under_its_writer(log: Path) -> None:
    with log.open("ab", buffering=0) as writer:
        writer.write(b"0123456789")
        assert not output.keep_bounded(log, limit=10)
        writer.write(b"!")
        assert output.keep_bounded(log, limit=10)
        writer.write(b"after")
    assert log.read_bytes() == b"after"
    assert log.with_name("log.1").read_bytes() == b"0123456789!"


def test_bound_holds_where_no_copy_can_be_made(log: Path) -> None:
    log.write_bytes(b"0123456789")
    os.mkdir(log.with_name("log.1"))
    assert output.keep_bounded(log, limit=5)
    assert output.size(log) == 0

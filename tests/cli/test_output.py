from __future__ import annotations

import io
import json

import pytest

from tulle.cli import output


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")


def test_colours_are_for_terminals() -> None:
    assert output.paint("red", "bold red", Terminal()) == "\x1b[1;31mred\x1b[0m"
    assert output.paint("red", "bold red", io.StringIO()) == "red"
    assert output.paint("none", "", Terminal()) == "none"


@pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_colours_can_be_refused(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    assert not output.is_colourful(Terminal())


def test_an_empty_no_color_means_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "")
    assert output.is_colourful(Terminal())


def test_text_from_elsewhere_cannot_drive_the_terminal() -> None:
    assert output.plain("a\x1b[2Jb\x07\x9bc\td") == "a�[2Jb��c   d"


def test_tables_align_whatever_the_colours() -> None:
    lines = output.table(("NAME", "STATE"), [("a", "\x1b[32mgood\x1b[0m"), ("longer", "bad")])
    assert [line.split("\x1b")[0] for line in lines] == ["NAME     STATE", "a        ", "longer   bad"]


def test_a_table_without_rows_has_headings() -> None:
    assert output.table(("NAME",), []) == ["NAME"]


def test_json_is_one_document(capsys: pytest.CaptureFixture[str]) -> None:
    output.say_json({"name": "Käse"})
    assert json.loads(capsys.readouterr().out) == {"name": "Käse"}


def test_errors_are_one_line_first_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    output.complain(output.Failure("port 80 is taken", "stop nginx"))
    assert capsys.readouterr() == ("", "error: port 80 is taken\n  stop nginx\n")


def test_counts_are_grammatical() -> None:
    assert [output.count(number, "error") for number in (0, 1, 2)] == ["0 errors", "1 error", "2 errors"]

from __future__ import annotations

from pathlib import Path

import pytest

from tulle.cli.findings import LARGEST_FILE, Excerpts, as_json, in_order, rendered, summary
from tulle.model.documents import BUILT_IN, Anchor, Origin
from tulle.model.findings import Finding

TEXT = "services:\n  web:\n    port: 80\n    calls: wbe\n"


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("NO_COLOR", "1")
    path = tmp_path / "shop.yaml"
    path.write_text(TEXT)
    return path


def finding(file: Path | str, line: int, message: str) -> Finding:
    return Finding.error(Origin("file", str(file), Anchor(), line - 1, "service web"), message)


def test_the_wrong_word_is_marked_in_its_line(file: Path) -> None:
    shown = rendered(as_json(finding(file, 4, 'service "wbe" does not exist; did you mean "web"?')), Excerpts())
    assert shown == [
        f'{file}:4: error: service "wbe" does not exist; did you mean "web"?',
        "    4 │     calls: wbe",
        "      │            ^^^",
    ]


def test_without_a_known_word_the_whole_line_is_marked(file: Path) -> None:
    assert rendered(as_json(finding(file, 3, "is too low")), Excerpts())[1:] == [
        "    3 │     port: 80",
        "      │     ^^^^^^^^",
    ]


def test_only_whole_words_are_marked(file: Path) -> None:
    file.write_text("web-shop: web\n")
    assert rendered(as_json(finding(file, 1, '"web" is unknown')), Excerpts())[2] == "      │           ^^^"


def test_a_line_that_cannot_be_shown_is_left_out(file: Path, tmp_path: Path) -> None:
    for path, line in ((file, 99), (tmp_path / "gone.yaml", 1), (tmp_path, 1), (file, 0)):
        assert len(rendered(as_json(finding(path, line, "is wrong")), Excerpts())) == 1


def test_huge_files_are_not_read(file: Path) -> None:
    with file.open("wb") as huge:
        huge.truncate(LARGEST_FILE + 1)
    assert len(rendered(as_json(finding(file, 1, "is too large")), Excerpts())) == 1


def test_rubbish_does_not_reach_the_terminal(file: Path) -> None:
    file.write_bytes(b"\x1b[2J\xff\xfe: \x07\n")
    shown = rendered(as_json(finding(file, 1, "is no \x1b[31mYAML")), Excerpts())
    assert "\x1b" not in "".join(shown)


def test_long_lines_are_cut_around_the_word(file: Path) -> None:
    file.write_text("x" * 500 + " wbe " + "y" * 500)
    _, line, marker = rendered(as_json(finding(file, 1, '"wbe" is unknown')), Excerpts())
    assert len(line) < 200
    assert line[marker.index("^") : marker.rindex("^") + 1] == "wbe"


def test_a_long_line_without_a_word_is_cut_at_its_end(file: Path) -> None:
    file.write_text("x" * 159 + " " + "y" * 500)
    _, line, marker = rendered(as_json(finding(file, 1, '"' + "x" * 159 + '"')), Excerpts())
    assert line.endswith("…") and "^" in marker


def test_what_nobody_wrote_has_no_line() -> None:
    assert rendered(as_json(Finding.warning(BUILT_IN, "no agent")), Excerpts()) == ["built-in: warning: no agent"]


def test_findings_are_ordered_by_place_errors_first() -> None:
    warning = Finding.warning(Origin("file", "a.yaml"), "b")
    error, later = finding("a.yaml", 1, "c"), finding("a.yaml", 2, "a")
    assert in_order([later, warning, error, finding("b.yaml", 1, "x")])[:3] == [error, warning, later]


def test_the_summary_counts() -> None:
    error, warning = as_json(finding("a", 1, "x")), as_json(Finding.warning(BUILT_IN, "y"))
    assert summary([error, warning, error]) == "2 errors, 1 warning"
    assert summary([warning]) == "1 warning"
    assert summary([]) == ""


def test_json_says_everything() -> None:
    assert as_json(finding("a.yaml", 2, "x")) == {
        "severity": "error",
        "message": "x",
        "origin": {"source": "file", "file": "a.yaml", "line": 2, "subject": "service web"},
    }

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Tulle = Callable[..., Any]
CHANGE = {"kind": "service", "namespace": "default", "name": "web", "action": "added"}
APPLIED = {"version": "tulle/v1", "revision": {"revision": 3, "changes": [CHANGE]}, "findings": []}


def sent(plane: Any) -> Any:
    method, path, _, body = plane.asked[-1]
    assert (method, path) == ("POST", "/v1/documents")
    return json.loads(body)


def test_a_file_is_sent_with_its_folder(tulle: Tulle, plane: Any) -> None:
    Path("web.yaml").write_text("a: 1")
    plane.says(APPLIED)
    done = tulle("apply", "-f", "web.yaml", "-m", "why", "--expected", "2")
    assert (done.code, done.out) == (0, "revision 3\n+ service web\n")
    body = sent(plane)
    assert body["files"] == [{"text": "a: 1", "path": "web.yaml", "folder": str(Path().absolute())}]
    assert (body["message"], body["expected"], body["dry_run"]) == ("why", 2, False)


def test_a_folder_is_all_its_files(tulle: Tulle, plane: Any) -> None:
    for name in ("b.yaml", "a.yml", "c.txt", ".hidden.yaml", "sub/d.yaml"):
        file = Path("mesh") / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("")
    plane.says(APPLIED)
    assert tulle("apply", "-f", "mesh").code == 0
    assert [file["path"] for file in sent(plane)["files"]] == ["mesh/a.yml", "mesh/b.yaml", "mesh/sub/d.yaml"]


def test_standard_input_is_a_file(tulle: Tulle, plane: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("a: 2"))
    plane.says(APPLIED)
    tulle("apply", "-f", "-")
    assert sent(plane)["files"][0]["text"] == "a: 2"


def test_a_dry_run_stores_nothing(tulle: Tulle, plane: Any) -> None:
    Path("web.yaml").write_text("")
    plane.says({**APPLIED, "revision": None})
    assert tulle("apply", "-f", "web.yaml", "--dry-run").out == "nothing is wrong, and nothing was stored\n"
    assert sent(plane)["dry_run"]


def test_mistakes_are_shown_in_their_lines(tulle: Tulle, plane: Any) -> None:
    Path("web.yaml").write_text("to: wbe\n")
    origin = {"source": "file", "file": "web.yaml", "line": 1, "subject": ""}
    finding = {"severity": "error", "message": '"wbe" does not exist', "origin": origin}
    plane.says({"detail": "nothing was stored", "findings": [finding]}, 422)
    done = tulle("apply", "-f", "web.yaml")
    assert (done.code, done.out) == (1, "")
    assert 'web.yaml:1: error: "wbe" does not exist\n    1 │ to: wbe' in done.err
    assert done.err.endswith("nothing was stored: 1 error\n")
    assert json.loads(tulle("apply", "-f", "web.yaml", "-o", "json").out)["findings"] == [finding]


def test_a_conflict_is_a_sentence(tulle: Tulle, plane: Any) -> None:
    Path("web.yaml").write_text("")
    plane.says({"detail": "the newest revision is 4"}, 409)
    done = tulle("apply", "-f", "web.yaml")
    assert (done.code, done.err) == (1, "error: the newest revision is 4\n")


def test_programs_get_the_answer(tulle: Tulle, plane: Any) -> None:
    Path("web.yaml").write_text("")
    plane.says(APPLIED)
    assert json.loads(tulle("apply", "-f", "web.yaml", "-o", "json").out) == APPLIED


@pytest.mark.parametrize("name", ["none.yaml", "empty", "binary.yaml"])
def test_what_cannot_be_read_is_a_usage_error(tulle: Tulle, plane: Any, name: str) -> None:
    Path("empty").mkdir()
    Path("binary.yaml").write_bytes(b"\xff\xfe")
    done = tulle("apply", "-f", name)
    assert done.code == 2
    assert name in done.err
    assert plane.asked == []

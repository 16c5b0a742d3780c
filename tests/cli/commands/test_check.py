from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

Tulle = Callable[..., Any]
GOOD = "services:\n  web: {port: 8000, command: run}\nroutes:\n  - {to: web}\n"
BAD = "services:\n  web: {port: 8000, command: run}\nroutes:\n  - {to: wbe}\n"


def test_good_files_are_good(tulle: Tulle, home: Any) -> None:
    Path("tulle.yaml").write_text(GOOD)
    done = tulle("check")
    assert (done.code, done.out) == (0, "ok: 1 service, 1 listener\n")


def test_mistakes_are_shown_with_their_lines(tulle: Tulle, home: Any) -> None:
    Path("shop.yaml").write_text(BAD)
    done = tulle("check", "shop.yaml")
    assert done.code == 1
    place, line, marker, total = done.out.splitlines()
    assert place.startswith("shop.yaml:4: error: ") and '"wbe" does not exist' in place
    assert line == "    4 │   - {to: wbe}"
    assert marker.index("^") == line.index("wbe")
    assert total == "1 error"


def test_programs_get_findings(tulle: Tulle, home: Any) -> None:
    Path("shop.yaml").write_text(BAD)
    done = tulle("check", "shop.yaml", "-o", "json")
    said = json.loads(done.out)
    assert (done.code, said["version"], said["ok"]) == (1, "tulle/v1", False)
    [finding] = said["findings"]
    assert (finding["severity"], finding["origin"]["file"], finding["origin"]["line"]) == ("error", "shop.yaml", 4)


def test_a_file_that_is_missing_is_a_usage_error(tulle: Tulle) -> None:
    done = tulle("check", "none.yaml")
    assert (done.code, done.out, done.err) == (2, "", "error: none.yaml does not exist\n")


def test_rubbish_is_a_finding(tulle: Tulle, home: Any) -> None:
    Path("tulle.yaml").write_bytes(b"\x00\xff\x1b[2J")
    done = tulle("check")
    assert done.code == 1
    assert "tulle.yaml:1: error:" in done.out
    assert "\x1b" not in done.out

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


def test_flags_of_traefik_are_checked(tulle: Tulle, home: Any) -> None:
    assert tulle("check", "--entryPoints.web.address=127.0.0.1:8080").code == 0
    wrong = tulle("check", "--entryPoints.web.address=here", "-o", "json")
    [finding] = json.loads(wrong.out)["findings"]
    assert (wrong.code, finding["origin"]["line"]) == (1, 1)
    assert '"address" must be an address' in finding["message"]
    assert 'there is no "--pong"; did you mean "--ping"?' in tulle("check", "--pong").err


def test_paths_in_flags_begin_here(tulle: Tulle, home: Any) -> None:
    Path("dynamic.yml").write_text("http: {routers: {one: {rule: 'Path(`/`)', service: none}}}\n")
    done = tulle("check", "--providers.file.filename=dynamic.yml")
    assert done.code == 1
    assert 'there is no service "none"' in done.out

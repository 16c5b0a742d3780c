from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

Tulle = Callable[..., Any]
SERVICE = "apiVersion: v1\nkind: Service\nmetadata: {name: db}\nspec:\n  ports: [{name: tcp, port: 5432}]\n"
SELECTED = f"{SERVICE}  selector: {{app: db}}\n"
GOOD = "services:\n  web: {port: 8000, command: run}\n"
UNKNOWN = "services:\n  web: {port: 8000, command: run}\nroutes:\n  - {to: web, timout: 1s}\n"


def test_the_result_is_written_to_the_terminal(tulle: Tulle, home: Any) -> None:
    Path("db.yaml").write_text(SELECTED)
    done = tulle("convert", "db.yaml")
    assert done.code == 0
    assert "  # Service db (db.yaml:1)\n" in done.out and "Lost" not in done.out
    assert "db: {port: 5432, protocol: tcp, select: {app: db}}" in done.out


def test_or_to_a_file(tulle: Tulle, home: Any) -> None:
    Path("db.yaml").write_text(SELECTED)
    done = tulle("convert", "db.yaml", "--to", "native", "-o", "tulle.yaml")
    assert (done.code, done.out) == (0, "")
    assert "select: {app: db}" in Path("tulle.yaml").read_text()
    assert tulle("check", "tulle.yaml").code == 0


def test_what_is_good_has_no_remarks(tulle: Tulle, home: Any) -> None:
    Path("tulle.yaml").write_text(GOOD)
    done = tulle("convert")
    assert (done.code, done.out, done.err) == (0, GOOD, "")


def test_what_is_read_is_never_overwritten(tulle: Tulle, home: Any) -> None:
    Path("db.yaml").write_text(SELECTED)
    done = tulle("convert", "db.yaml", "-o", "./db.yaml")
    assert (done.code, Path("db.yaml").read_text()) == (2, SELECTED)
    assert done.err == "error: db.yaml is one of the files that are read\n  name another one\n"


def test_mistakes_are_shown_with_their_lines(tulle: Tulle, home: Any) -> None:
    Path("shop.yaml").write_text(UNKNOWN)
    done = tulle("convert", "shop.yaml", "-o", "out.yaml")
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith('shop.yaml:4: error: route */: unknown field "timout"')
    assert done.err.endswith("1 error\n")
    assert "web: {port: 8000, command: run}" in Path("out.yaml").read_text()


def test_what_is_lost_is_told_at_its_line(tulle: Tulle, home: Any) -> None:
    kind = "apiVersion: networking.istio.io/v1\nkind: ProxyConfig\nmetadata: {name: a}\nspec: {concurrency: 2}\n"
    Path("db.yaml").write_text(f"{SELECTED}---\n{kind}")
    done = tulle("convert", "db.yaml")
    assert done.code == 1
    message = "sets up single proxies, which native files cannot say; keep this document beside the file"
    assert f"db.yaml:8: warning: ProxyConfig a: {message}\n" in done.err
    assert f"# Lost: ProxyConfig a {message} (db.yaml:8)\n" in done.out


def test_a_place_that_cannot_be_written_is_told(tulle: Tulle, home: Any) -> None:
    Path("db.yaml").write_text(SELECTED)
    done = tulle("convert", "db.yaml", "-o", "none/out.yaml")
    assert done.code == 1
    assert done.err.splitlines()[-1] == "error: none/out.yaml cannot be written: No such file or directory"


def test_documents_of_one_language_only(tulle: Tulle, home: Any) -> None:
    Path("traefik.yml").write_text("entryPoints: {web: {address: ':8000'}}\n")
    Path("tulle.yaml").write_text(GOOD)
    done = tulle("convert", "--from", "traefik", "traefik.yml", "tulle.yaml")
    assert done.code == 0
    assert done.out.startswith("edge:\n  entryPoints:\n    # entry point web (traefik.yml:1)\n")
    assert "tulle.yaml:1: warning: this document is not in the language traefik: left out\n" in done.err

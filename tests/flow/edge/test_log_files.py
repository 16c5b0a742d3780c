from __future__ import annotations

from pathlib import Path

import pytest

from tests.flow.edge.building import http, mesh
from tulle.flow.edge.log_files import findings, usable
from tulle.model.documents import Origin
from tulle.model.names import Name
from tulle.model.observing import STDOUT, Observing, RequestLog, RequestMetrics

ORIGIN = Origin("file", "a.yml", subject="accessLog")


def logging(what: RequestLog | RequestMetrics) -> dict[Name, Observing]:
    return {Name("", "log"): Observing(name=Name("", "log"), origin=ORIGIN, what=what)}


@pytest.mark.parametrize("what", [RequestMetrics(), RequestLog(), RequestLog(file=STDOUT)])
def test_what_is_no_file_is_usable(what: RequestLog | RequestMetrics) -> None:
    assert usable(logging(what)) and not list(findings(logging(what).values()))


def test_files_that_can_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = logging(RequestLog(file=f"{tmp_path}/access.log"))
    assert usable(wanted) == wanted
    (tmp_path / "access.log").touch()
    assert usable(wanted) == wanted
    monkeypatch.setattr("os.access", lambda path, mode: False)
    assert usable(wanted) == {}
    (finding,) = findings(wanted.values())
    assert finding.message == f"accessLog: {tmp_path}/access.log cannot be written, so requests are not logged"


def test_folders_must_be_there() -> None:
    found = mesh(f"accessLog: {{filePath: /nowhere/access.log}}\n{http('a: {rule: Path(`/`), service: s}')}")
    (finding,) = (each for each in found.findings if "accessLog" in each.message)
    assert finding.message == "accessLog: the folder /nowhere does not exist, so requests are not logged"
    for each in found.listeners.values():
        assert each.entrance is not None and each.entrance.observed.log is None

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tulle.cli import log_files
from tulle.cli.log_files import Tail, UnknownName, follow, of

STATUS = {
    "instances": [
        {"id": "reviews-v1-a", "service": "reviews.default", "workload": "reviews-v1.default"},
        {"id": "reviews-v2-b", "service": "reviews.default", "workload": "reviews-v2.default"},
        {"id": "web-c", "service": "web.team", "workload": "web.team"},
    ]
}
LOGS = ("reviews-v1-a", "reviews-v2-b", "web-c", "envoy-reviews-v1-a", "envoy-gateway-here", "plane", "agent", "up")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in LOGS:
        (tmp_path / f"{name}.log").write_text(f"{name} 1\n{name} 2\n")
    return tmp_path


def found(name: str, folder: Path, *, proxy: bool = False, status: object = STATUS) -> list[str]:
    return [file.stem for file in of(name, folder, status, proxy=proxy)]  # type: ignore[arg-type]


def test_a_service_has_the_logs_of_its_instances(folder: Path) -> None:
    assert found("reviews", folder) == ["reviews-v1-a", "reviews-v2-b"]
    assert found("web.team", folder) == ["web-c"]
    assert found("reviews-v1", folder) == ["reviews-v1-a"]


def test_an_instance_has_its_log_also_when_nothing_runs(folder: Path) -> None:
    assert found("reviews-v1-a", folder) == ["reviews-v1-a"]
    assert found("reviews-v1-a", folder, status=None) == ["reviews-v1-a"]


def test_a_service_has_the_logs_of_its_last_instances_when_nothing_runs(folder: Path) -> None:
    assert found("reviews", folder, status=None) == ["reviews-v1-a", "reviews-v2-b"]


def test_sidecars_have_their_own(folder: Path) -> None:
    assert found("reviews", folder, proxy=True) == ["envoy-reviews-v1-a"]
    assert found("envoy-reviews-v1-a", folder) == ["envoy-reviews-v1-a"]


def test_the_gateway_has_two_names(folder: Path) -> None:
    assert found("gateway", folder) == found("gateway-here", folder) == ["envoy-gateway-here"]


@pytest.mark.parametrize("part", ["plane", "agent", "up"])
def test_parts_of_tulle_have_logs(folder: Path, part: str) -> None:
    assert found(part, folder) == [part]


def test_a_typo_gets_the_nearest_name(folder: Path) -> None:
    with pytest.raises(UnknownName, match='"revews" has a log; did you mean "reviews"'):
        found("revews", folder)


def test_the_last_lines_come_first_then_new_ones(tmp_path: Path) -> None:
    file = tmp_path / "web.log"
    file.write_text("1\n2\n3\n")
    tail = Tail(file)
    assert tail.last(2) == ["2", "3"]
    with file.open("a") as log:
        log.write("4\n5")
        log.flush()
        assert tail.new() == ["4"]
        log.write("5\n")
    assert tail.new() == ["55"]


def test_only_the_end_of_a_large_file_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_files, "LARGEST_TAIL", 4)
    file = tmp_path / "web.log"
    file.write_text("1\n2\n3\n")
    assert Tail(file).last(100) == ["2", "3"]


def test_a_file_that_is_replaced_or_cut_is_read_anew(tmp_path: Path) -> None:
    file = tmp_path / "web.log"
    file.write_text("1\n2\n")
    tail = Tail(file)
    tail.last(10)
    file.write_text("3\n")
    assert tail.new() == ["3"]
    file.unlink()
    assert tail.new() == []
    (tmp_path / "new").write_text("4\n")
    (tmp_path / "new").rename(file)
    assert tail.new() == ["4"]


def test_a_file_that_is_not_there_has_no_lines(tmp_path: Path) -> None:
    tail = Tail(tmp_path / "none.log")
    assert (tail.last(10), tail.new()) == ([], [])


def test_rubbish_is_shown_as_such(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_bytes(b"\xff\r\n")
    assert Tail(tmp_path / "a.log").last(1) == ["�"]


def test_following_finds_files_that_appear(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    moments = iter(range(0, 1000, 2))
    monkeypatch.setattr(time, "monotonic", lambda: next(moments))
    (tmp_path / "a.log").write_text("1\n")
    lines = follow(lambda: sorted(tmp_path.glob("*.log")), {}, pause=0)
    assert next(lines) == ("a", "1")
    (tmp_path / "b.log").write_text("2\n")
    assert next(lines) == ("b", "2")

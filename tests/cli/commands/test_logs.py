from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tulle.cli import log_files
from tulle.kit.home import Home

Tulle = Callable[..., Any]


@pytest.fixture(autouse=True)
def logs(home: Home) -> None:
    home.create()
    (home.logs / "web-1.log").write_text("one\ntwo\n")
    (home.logs / "web-2.log").write_text("three\n")
    (home.logs / "envoy-web-1.log").write_text("proxy\n")


def test_one_instance_is_shown_as_it_is(tulle: Tulle) -> None:
    assert tulle("logs", "web-1").out == "one\ntwo\n"
    assert tulle("logs", "web-1", "-n", "1").out == "two\n"
    assert tulle("logs", "web-1", "--proxy").out == "proxy\n"


def test_several_instances_are_labelled(tulle: Tulle, plane: Any) -> None:
    instances = [{"id": f"web-{n}", "service": "web.default", "workload": "web.default"} for n in (1, 2)]
    plane.says({"instances": instances})
    assert tulle("logs", "web").out == "web-1 │ one\nweb-1 │ two\nweb-2 │ three\n"


def test_an_unknown_name_is_an_error_with_the_known_ones(tulle: Tulle) -> None:
    done = tulle("logs", "wbe-1")
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith('error: nothing called "wbe-1" has a log; did you mean "web-1"?\n')
    assert "web-1, web-2" in done.err


def test_new_lines_are_followed(tulle: Tulle, monkeypatch: pytest.MonkeyPatch) -> None:
    def follow(find: Callable[[], object], tails: object) -> Iterator[tuple[str, str]]:
        assert find()
        yield "web-1", "three"
        yield "web-3", "new"

    monkeypatch.setattr(log_files, "follow", follow)
    assert tulle("logs", "web-1", "-f").out == "one\ntwo\nthree\nweb-3 │ new\n"

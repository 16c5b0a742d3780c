from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tulle.cli.output import Failure
from tulle.cli.static import configuration

Written = Callable[[str], Path]
FLAG = "--entryPoints.web.address=:80"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where one is, with nothing in it."""
    (tmp_path / "here").mkdir()
    (tmp_path / "home").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "home"


def test_flags_become_a_file(folder: Path) -> None:
    path = configuration([FLAG], {"TRAEFIK_LOG_LEVEL": "INFO"}, folder)
    assert path == folder / "traefik.toml"
    assert path.read_text() == 'entryPoints.web.address = ":80"\n'


def test_variables_count_where_there_are_no_flags(folder: Path) -> None:
    path = configuration([], {"TRAEFIK_PING_ENTRYPOINT": "web"}, folder)
    assert path.read_text() == 'ping.entryPoint = "web"\n'


def test_a_file_that_is_named_counts_alone(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("mine.yml").touch()
    assert configuration(["--configFile=mine.yml", FLAG], {}, folder) == Path("mine.yml")
    assert "--entryPoints.web.address has no effect: mine.yml is there" in capsys.readouterr().err


@pytest.mark.parametrize("place", ["here", "home/.config", "xdg"])
def test_usual_files_are_found(folder: Path, place: str) -> None:
    above = folder.parent
    found = above / place / "traefik.yaml"
    found.parent.mkdir(exist_ok=True)
    found.touch()
    environment = {"HOME": str(folder), "XDG_CONFIG_HOME": str(above / "xdg")}
    assert configuration([], environment, folder).resolve() == found


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "nothing is configured"),
        (["--configFile=none.yml"], "there is no file none.yml"),
        (["--pong"], 'there is no "--pong"; did you mean "--ping"?'),
    ],
)
def test_what_is_wrong_is_a_usage_error(folder: Path, words: list[str], message: str) -> None:
    with pytest.raises(Failure, match="^" + message.replace("?", r"\?")) as raised:
        configuration(words, {}, folder)
    assert raised.value.code == 2

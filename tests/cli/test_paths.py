from __future__ import annotations

from pathlib import Path

import pytest

from tulle.cli.output import Failure
from tulle.cli.paths import chosen, programs


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_what_is_given_is_chosen(folder: Path) -> None:
    (folder / "a.yaml").touch()
    (folder / "tulle.yaml").touch()
    assert chosen([Path("a.yaml"), folder]) == (Path("a.yaml"), folder)


@pytest.mark.parametrize("name", ["tulle.yaml", "tulle.yml"])
def test_the_file_of_the_folder_is_the_default(folder: Path, name: str) -> None:
    (folder / name).touch()
    (folder / "other.yaml").touch()
    assert chosen(None) == (Path(name),)


def test_without_it_the_folder_is_the_default(folder: Path) -> None:
    (folder / "other.yml").touch()
    assert chosen([]) == (Path(),)


@pytest.mark.parametrize("given", [[], [Path("gone.yaml")]])
def test_nothing_to_choose_is_a_usage_error(given: list[Path]) -> None:
    with pytest.raises(Failure) as raised:
        chosen(given)
    assert raised.value.code == 2


def test_services_find_the_programs_beside_tulle() -> None:
    assert (
        programs("/usr/bin:/bin", "/shop/.venv/bin/tulle", "/shop/.venv/bin/python") == "/shop/.venv/bin:/usr/bin:/bin"
    )
    assert programs("/usr/bin", "/shop/src/tulle/__main__.py", "/shop/.venv/bin/python3") == "/shop/.venv/bin:/usr/bin"


def test_an_activated_environment_keeps_its_path() -> None:
    assert programs("/usr/bin:/shop/.venv/bin", "tulle", "/shop/.venv/bin/python") == "/usr/bin:/shop/.venv/bin"


def test_a_tulle_that_stands_apart_does_not_bring_its_python() -> None:
    assert programs("/usr/bin", "/home/ada/.local/bin/tulle", "/home/ada/.local/pipx/tulle/bin/python") == "/usr/bin"

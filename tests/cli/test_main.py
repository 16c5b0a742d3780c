from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import psutil
import pytest

from tulle.__about__ import __version__
from tulle.cli import main

Tulle = Callable[..., Any]
COMMANDS = [file.stem.replace("_", "-") for file in main.COMMANDS.glob("[a-z]*.py")]


def test_help_lists_every_command(tulle: Tulle) -> None:
    done = tulle("--help")
    assert done.code == 0
    for command in COMMANDS:
        assert f"  {command} " in done.out


def test_without_a_command_there_is_help(tulle: Tulle) -> None:
    done = tulle()
    assert done.code == 2
    assert "Usage: tulle" in done.err


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself_with_an_example(tulle: Tulle, command: str) -> None:
    done = tulle(command, "-h")
    assert done.code == 0, done.err
    assert f"tulle {command}" in done.out
    if "COMMAND [ARGS]" not in done.out:
        assert "Example" in done.out


def test_help_imports_no_command_and_is_fast() -> None:
    script = (
        "import sys; from tulle.cli.main import run; run(['--help']);"
        "slow = {'rich', 'pydantic', 'grpc', 'httpx', 'psutil', 'asyncio', 'tulle.cli.commands'} & set(sys.modules);"
        "assert not slow, slow"
    )
    subprocess.run([sys.executable, "-c", script], check=True, stdout=subprocess.DEVNULL)


def test_help_takes_less_than_a_quarter_of_a_second_of_cpu() -> None:
    def once() -> float:
        process = psutil.Popen([sys.executable, "-m", "tulle", "--help"], stdout=subprocess.DEVNULL)
        before = psutil.Process().cpu_times()
        process.wait()
        after = psutil.Process().cpu_times()
        return float(after.children_user + after.children_system - before.children_user - before.children_system)

    # The best of several: other processes of the machine make caches cold.
    assert min(once() for _ in range(5)) < 0.25


def test_the_version_is_printed(tulle: Tulle) -> None:
    assert tulle("--version").out == f"tulle {__version__}\n"


def test_a_typo_gets_the_nearest_command(tulle: Tulle) -> None:
    done = tulle("statsu")
    assert done.code == 2
    assert done.err.splitlines()[0] == "error: No such command 'statsu'. Did you mean 'status'?"


def test_a_wrong_option_is_a_usage_error(tulle: Tulle) -> None:
    done = tulle("status", "--nope")
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("error: No such option")
    assert "tulle status --help" in done.err


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    """Replaces all commands by those that are written: a name and what it does."""

    def write(name: str, body: str) -> None:
        text = ['"""Do something."""', "from tulle.cli.output import Failure", 'PLACE = ("Look", 1)']
        text += ["def command(who: str = 'you') -> None:", f"    {body}"]
        (tmp_path / f"{name}.py").write_text("\n".join(text))
        sys.modules.pop(f"tulle.cli.commands.{name}", None)

    monkeypatch.setattr(main, "COMMANDS", tmp_path)
    monkeypatch.setattr(import_module("tulle.cli.commands"), "__path__", [str(tmp_path)])
    return write


def test_one_file_makes_a_command(tulle: Tulle, write: Callable[[str, str], None]) -> None:
    write("say_hello", "print('hello', who)")
    assert "say-hello     Do something." in tulle("--help").out
    assert tulle("say-hello", "--who", "me").out == "hello me\n"


def test_a_file_that_describes_no_command_is_a_bug(tmp_path: Path) -> None:
    (tmp_path / "odd.py").write_text('"""Nothing."""\n')
    with pytest.raises(ValueError, match="PLACE"):
        main.Described(tmp_path / "odd.py")


def test_an_error_of_the_user_is_a_sentence(tulle: Tulle, write: Callable[[str, str], None]) -> None:
    write("fail", 'raise Failure("it is too late", "come back tomorrow", code=1)')
    done = tulle("fail")
    assert (done.code, done.out, done.err) == (1, "", "error: it is too late\n  come back tomorrow\n")


def test_a_bug_shows_where_it_is_and_asks_for_a_report(tulle: Tulle, write: Callable[[str, str], None]) -> None:
    write("fail", "1 / 0")
    done = tulle("fail")
    assert done.code == 1
    assert "Traceback" in done.err
    assert "This is a bug in Tulle" in done.err


def test_an_interrupt_is_no_error(tulle: Tulle, write: Callable[[str, str], None]) -> None:
    write("fail", "raise KeyboardInterrupt")
    assert tulle("fail").code == 130


def test_a_reader_that_leaves_is_no_error() -> None:
    script = f"{sys.executable} -m tulle --help | true"
    assert "Traceback" not in subprocess.run(script, shell=True, capture_output=True, text=True).stderr  # noqa: S602


def test_completion_offers_commands_without_importing_them() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tulle"],
        env={"_TULLE_COMPLETE": "complete_bash", "COMP_WORDS": "tulle st", "COMP_CWORD": "1", "PATH": "/bin"},
        capture_output=True,
        text=True,
    )
    assert done.stdout.split() == ["status"]
    assert done.stderr == ""


def test_completion_offers_options_of_a_command() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tulle"],
        env={"_TULLE_COMPLETE": "complete_bash", "COMP_WORDS": "tulle status --o", "COMP_CWORD": "2", "PATH": "/bin"},
        capture_output=True,
        text=True,
    )
    assert "--output" in done.stdout
